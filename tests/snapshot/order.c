// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks at the mapped generation without pause, and checks that no value comes back after another
 * was seen. At the same time it moves the generation itself, as often as asked for.
 *
 * usage: order TRIGGERS. Ends on SIGTERM, when it has triggered as often. Prints "watching", then "changes N again M".
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#define VALUES (1u << 26)

static volatile sig_atomic_t end;

static void on_term(int signal)
{
	(void)signal;
	end = 1;
}

static void *trigger(void *argument)
{
	long times = *(long *)argument;
	int fd = open(SYSGENID_DEVICE, O_RDWR);

	if (fd < 0)
		err(1, "cannot open %s", SYSGENID_DEVICE);
	while (times--) {
		if (ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, 0UL) < 0)
			err(1, "cannot move the generation");
	}
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_term };
	const _Atomic uint32_t *generation;
	unsigned long changes = 0, again = 0;
	unsigned char *seen = calloc(VALUES / 8, 1);
	long times = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	uint32_t value, last = 0;
	pthread_t thread;
	int fd = open(SYSGENID_DEVICE, O_RDONLY);

	if (fd < 0 || !seen)
		err(1, "cannot open %s", SYSGENID_DEVICE);
	generation = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (generation == MAP_FAILED)
		err(1, "cannot map %s", SYSGENID_DEVICE);
	if (sigaction(SIGTERM, &action, NULL) < 0)
		err(1, "sigaction");
	if (pthread_create(&thread, NULL, trigger, &times))
		errx(1, "cannot start a thread");
	printf("watching\n");
	fflush(stdout);
	while (!end) {
		value = atomic_load(generation);
		if (value == last)
			continue;
		if (value >= VALUES)
			errx(1, "generation %u is more than this test can note", value);
		again += (seen[value / 8] >> value % 8) & 1;
		seen[value / 8] |= 1 << value % 8;
		last = value;
		changes++;
	}
	pthread_join(thread, NULL);
	printf("changes %lu again %lu\n", changes, again);
	return 0;
}
