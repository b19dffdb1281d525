// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves the counter in the VMClock page of this machine, as a hypervisor does but without a
 * notification, and asks at once which generation it is.
 *
 * usage: ask poke OFFSET HEX	writes bytes into the page, prints those that were there
 *	  ask all		for each way to ask: "WAY new" or "WAY old"
 *	  ask poll		just asks
 *	  ask incarnation	who this is
 *	  ask reseeded		waits until the random number generator was reseeded
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libsysgenid.h>

#define PAGE 0xfeffa000 /* qemu/vmclock-gen.c */
#define AT_COUNTER 0x68

static volatile uint8_t *vmclock;

static void map_vmclock(void)
{
	int fd = open("/dev/mem", O_RDWR);

	if (fd < 0)
		err(1, "cannot open /dev/mem");
	vmclock = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	if (vmclock == MAP_FAILED)
		err(1, "cannot map the VMClock page");
	close(fd);
}

static void move_counter(void)
{
	_Atomic uint64_t *counter = (_Atomic uint64_t *)(vmclock + AT_COUNTER);

	atomic_fetch_add(counter, 1);
}

static void poke(unsigned long at, const char *hex)
{
	for (; hex[0] && hex[1]; hex += 2, at++) {
		char digits[] = { hex[0], hex[1], 0 };

		printf("%02x", vmclock[at]);
		vmclock[at] = strtoul(digits, NULL, 16);
	}
	printf("\n");
}

static uint32_t word_of(const struct sysgenid *id)
{
	return __atomic_load_n(&id->page->generation, __ATOMIC_ACQUIRE);
}

/* Each of these says whether it knows of a generation other than @old. */

static bool by_read(struct sysgenid *id, uint32_t old)
{
	uint32_t now = old;

	return read(id->fd, &now, sizeof(now)) == sizeof(now) && now != old;
}

static bool by_library(struct sysgenid *id, uint32_t old)
{
	return sysgenid_generation(id) != old;
}

static bool by_word(struct sysgenid *id, uint32_t old)
{
	return word_of(id) != old;
}

static bool by_dropped_page(struct sysgenid *id, uint32_t old)
{
	(void)madvise((void *)id->vmclock, 4096, MADV_DONTNEED);
	(void)*(const volatile char *)id->vmclock;
	return word_of(id) != old;
}

static bool by_poll(struct sysgenid *id, uint32_t old)
{
	struct pollfd one = { .fd = id->fd, .events = POLLIN };

	(void)old;
	return poll(&one, 1, 0) == 1;
}

static bool by_acknowledge(struct sysgenid *id, uint32_t old)
{
	return sysgenid_acknowledge(id, old) == -ESTALE;
}

static bool by_wait_watchers(struct sysgenid *id, uint32_t old)
{
	(void)old;
	return sysgenid_wait_watchers(id, 1) == -EINTR;
}

static bool by_get(struct sysgenid *id, uint32_t old)
{
	struct sysgenid_status status;

	(void)id;
	return sysgenid_get_status(&status, NULL) == 0 && status.generation != old;
}

static bool by_sysfs(struct sysgenid *id, uint32_t old)
{
	FILE *file = fopen("/sys/class/misc/sysgenid/generation", "r");
	unsigned int now = old;

	(void)id;
	if (!file || fscanf(file, "%u", &now) != 1)
		err(1, "cannot read the generation from sysfs");
	fclose(file);
	return now != old;
}

static const struct {
	const char *name;
	bool (*ask)(struct sysgenid *id, uint32_t old);
} ways[] = {
	{ "read", by_read },
	{ "poll", by_poll },
	{ "acknowledge", by_acknowledge },
	{ "wait-watchers", by_wait_watchers },
	{ "get", by_get },
	{ "sysfs", by_sysfs },
	{ "library", by_library },
	{ "dropped-page", by_dropped_page },
	{ "word", by_word },
};

static struct sysgenid *open_counter(void)
{
	struct sysgenid *id;
	int ret = sysgenid_open(&id, NULL, 0);

	if (ret < 0)
		errx(1, "cannot open the counter: %s", strerror(-ret));
	return id;
}

/* For each way a new file: it has acknowledged the generation of its opening. */
static void ask_all(void)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct sysgenid *id = open_counter();

		uint32_t old;

		(void)by_poll(id, 0);
		old = word_of(id);
		(void)sysgenid_acknowledge(id, old);
		move_counter();
		printf("%s %s\n", ways[i].name, ways[i].ask(id, old) ? "new" : "old");
		sysgenid_close(id);
	}
}

static void print_incarnation(void)
{
	struct sysgenid *id = open_counter();
	unsigned char bytes[SYSGENID_INCARNATION_SIZE];
	int ret = sysgenid_incarnation(id, bytes, 0, NULL);

	if (ret < 0)
		errx(1, "no incarnation: %s", strerror(-ret));
	for (size_t i = 0; i < sizeof(bytes); i++)
		printf("%02x", bytes[i]);
	printf("\n");
	sysgenid_close(id);
}

static void wait_reseeded(void)
{
	struct sysgenid *id = open_counter();
	char byte;
	int ret = sysgenid_getrandom(id, &byte, 1, 0, NULL);

	if (ret < 0)
		errx(1, "no reseed: %s", strerror(-ret));
	sysgenid_close(id);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "poke")) {
		map_vmclock();
		poke(strtoul(argv[2], NULL, 0), argv[3]);
	} else if (argc == 2 && !strcmp(argv[1], "all")) {
		map_vmclock();
		ask_all();
	} else if (argc == 2 && !strcmp(argv[1], "poll")) {
		by_poll(open_counter(), 0);
	} else if (argc == 2 && !strcmp(argv[1], "reseeded")) {
		wait_reseeded();
	} else if (argc == 2 && !strcmp(argv[1], "incarnation")) {
		print_incarnation();
	} else {
		errx(2, "usage: ask poke OFFSET HEX | all | poll | reseeded | incarnation");
	}
	return 0;
}
