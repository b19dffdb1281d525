// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains that are there until the process ends, for tests that look at their words from outside.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "domains.h"
#include "tap.h"

#define MOST 100
#define VALUES 65536
#define PRESENT ((uint64_t)1 << 63)
#define FRAME (((uint64_t)1 << 55) - 1)

static struct {
	int fd;
	const volatile struct sysgenid_page *page;
	uint32_t last;
	unsigned char seen[VALUES / 8];
} held[MOST];

static int count;
static volatile sig_atomic_t ending;
static atomic_bool stopping;

static void on_term(int signal)
{
	(void)signal;
	ending = 1;
}

static unsigned long long physical(const volatile void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	must(fd >= 0);
	must(pread(fd, &entry, 8, (off_t)((uintptr_t)address / PAGE * 8)) == 8);
	must(entry & PRESENT);
	close(fd);
	return (entry & FRAME) * PAGE;
}

static void *move_them(void *unused)
{
	(void)unused;
	for (int i = 0; !stopping; i = (i + 1) % count) {
		must(ioctl(held[i].fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) == 0);
		pause_ms(1);
	}
	return NULL;
}

/* Looks at one word; returns whether it has come back to a number that was seen before. */
static bool look(int i, unsigned long *changes)
{
	uint32_t now = __atomic_load_n(&held[i].page->generation, __ATOMIC_ACQUIRE);
	unsigned char *byte = &held[i].seen[now % VALUES / 8], bit = (unsigned char)(1 << now % 8);
	bool again;

	if (now == held[i].last)
		return false;
	again = *byte & bit;
	*byte |= bit;
	held[i].last = now;
	++*changes;
	return again;
}

/*
 * Prints, for each, the physical address of its word and its generation, and "holding". Ends on
 * SIGTERM, and says how often a word has changed, and how often it came back to an old number.
 */
int domains_hold(int number, bool busy, bool foreign)
{
	const struct sigaction action = { .sa_handler = on_term };
	unsigned long changes = 0, again = 0;
	pthread_t mover;

	must(number > 0 && number <= MOST);
	count = number;
	must(sigaction(SIGTERM, &action, NULL) == 0);
	for (int i = 0; i < count; i++) {
		held[i].fd = foreign ? open_in_foreign_domain() : open_in_new_domain();
		must(held[i].fd >= 0);
		held[i].page = device_map(held[i].fd);
		/* The page is there from the first look on. */
		must(held[i].page->magic == SYSGENID_PAGE_MAGIC);
		printf("%llu %u\n", physical(held[i].page), held[i].page->generation);
	}
	puts("holding");
	fflush(stdout);
	must(!busy || pthread_create(&mover, NULL, move_them, NULL) == 0);
	while (!ending) {
		for (int i = 0; i < count; i++)
			again += look(i, &changes);
		if (!busy)
			pause_ms(10);
	}
	stopping = true;
	must(!busy || pthread_join(mover, NULL) == 0);
	printf("changes %lu again %lu\n", changes, again);
	return 0;
}
