// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks at the mapped generation without pause, and checks that no value comes back after another
 * was seen. At the same time it moves the generation itself, as often as asked for, and others
 * sleep in read(), acknowledge what they get, and sleep again.
 *
 * usage: order TRIGGERS. Prints "watching", "triggered" when it has moved the generation as often,
 * and on SIGTERM after that "changes N again M asleep S": S sleepers have not got the last
 * generation.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#define VALUES (1u << 26)
#define SLEEPERS 4
#define PATIENCE 20 /* seconds, for a sleeper to wake */

static volatile sig_atomic_t end;
static _Atomic uint32_t awake_at[SLEEPERS]; /* what each sleeper has acknowledged last */
static int slept_on[SLEEPERS];

static void on_term(int signal)
{
	(void)signal;
	end = 1;
}

static int open_device(int flags)
{
	int fd = open(SYSGENID_DEVICE, flags);

	if (fd < 0)
		err(1, "cannot open %s", SYSGENID_DEVICE);
	return fd;
}

static void *trigger(void *argument)
{
	long times = *(long *)argument;
	int fd = open_device(O_RDWR);

	while (times--) {
		if (ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, 0UL) < 0)
			err(1, "cannot move the generation");
	}
	close(fd);
	printf("triggered\n");
	fflush(stdout);
	return NULL;
}

static void *sleep_and_wake(void *argument)
{
	_Atomic uint32_t *awake = argument;
	int fd = open_device(O_RDWR);
	uint32_t value;

	slept_on[awake - awake_at] = fd;
	for (;;) {
		if (read(fd, &value, sizeof(value)) != sizeof(value))
			err(1, "read");
		if (write(fd, &value, sizeof(value)) == sizeof(value))
			atomic_store(awake, value);
		else if (errno != EINVAL) /* it has moved meanwhile */
			err(1, "acknowledge");
	}
	return NULL;
}

static void start(void *(*body)(void *), void *argument, pthread_t *thread)
{
	if (pthread_create(thread, NULL, body, argument))
		errx(1, "cannot start a thread");
}

/* Counts the sleepers that do not get the present generation, when nothing moves. */
static unsigned int count_asleep(const _Atomic uint32_t *generation)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	time_t limit = time(NULL) + PATIENCE;
	unsigned int asleep;

	do {
		asleep = 0;
		for (int i = 0; i < SLEEPERS; i++)
			asleep += atomic_load(&awake_at[i]) != atomic_load(generation);
		nanosleep(&moment, NULL);
	} while (asleep && time(NULL) < limit);
	return asleep;
}

/* Prints what the kernel thinks of the sleepers, to find out why a check failed. */
static void show_sleepers(void)
{
	char path[64], line[128];
	FILE *info;

	for (int i = 0; i < SLEEPERS; i++) {
		printf("sleeper %d has got %u:", i, atomic_load(&awake_at[i]));
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", slept_on[i]);
		info = fopen(path, "re");
		while (info && fgets(line, sizeof(line), info))
			if (!strncmp(line, "sysgenid-", 9))
				printf(" %.*s", (int)strcspn(line, "\n"), line);
		if (info)
			fclose(info);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_term };
	const _Atomic uint32_t *generation;
	unsigned long changes = 0, again = 0;
	unsigned char *seen = calloc(VALUES / 8, 1);
	long times = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	pthread_t thread, sleeper;
	uint32_t value, last = 0;
	unsigned int asleep;

	generation = mmap(NULL, 4096, PROT_READ, MAP_SHARED, open_device(O_RDONLY), 0);
	if (generation == MAP_FAILED || !seen)
		err(1, "cannot map %s", SYSGENID_DEVICE);
	if (sigaction(SIGTERM, &action, NULL) < 0)
		err(1, "sigaction");
	for (int i = 0; i < SLEEPERS; i++) {
		awake_at[i] = atomic_load(generation);
		start(sleep_and_wake, (void *)&awake_at[i], &sleeper);
	}
	printf("watching\n");
	fflush(stdout);
	start(trigger, &times, &thread);
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
	asleep = count_asleep(generation);
	printf("changes %lu again %lu asleep %u\n", changes, again, asleep);
	if (asleep)
		show_sleepers();
	return 0;
}
