// SPDX-License-Identifier: GPL-2.0-only
/*
 * What moving the generation costs with many mappings, and with many threads asleep in poll on the
 * counter, against as many threads asleep on an eventfd each.
 *
 *	bump-cost mappers N | sleepers N | eventfds N
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <libsysgenid.h>

#include "bench.h"

#define ROUNDS 9
#define STACK 16384

static struct sysgenid *id;
static int *eventfds; /* NULL: all sleep on the counter */
static atomic_int asleep, woken;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t next_round = PTHREAD_COND_INITIALIZER;
static unsigned int round_number; /* guarded by lock */
static int n_sleepers;

static void trigger(void)
{
	if (ioctl(id->fd, SYSGENID_TRIGGER_GEN_UPDATE, 0))
		bench_die("trigger");
}

static void acknowledge(void)
{
	if (sysgenid_acknowledge(id, sysgenid_generation(id)))
		bench_die("acknowledge");
}

static void wake_all(void)
{
	uint64_t one = 1;

	if (!eventfds) {
		trigger();
		return;
	}
	for (int i = 0; i < n_sleepers; i++)
		if (write(eventfds[i], &one, sizeof(one)) != sizeof(one))
			bench_die("write");
}

static void *sleeper(void *arg)
{
	int fd = eventfds ? eventfds[(intptr_t)arg] : id->fd;

	for (unsigned int round = 0;; round++) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		uint64_t value;

		pthread_mutex_lock(&lock);
		while (round_number == round)
			pthread_cond_wait(&next_round, &lock);
		pthread_mutex_unlock(&lock);
		atomic_fetch_add(&asleep, 1);
		while (poll(&pfd, 1, -1) < 0)
			if (errno != EINTR)
				bench_die("poll");
		if (eventfds && read(fd, &value, sizeof(value)) != sizeof(value))
			bench_die("read");
		atomic_fetch_add(&woken, 1);
	}
	return NULL;
}

/* All threads have said that they go to sleep; wait until the last one is in poll. */
static void wait_asleep(void)
{
	while (atomic_load(&asleep) != n_sleepers)
		usleep(1000);
	for (int quiet = 0; quiet < 20; quiet++) {
		char line[64] = "";
		FILE *file = fopen("/proc/loadavg", "r");
		int running = 0;

		if (!file || !fgets(line, sizeof(line), file) ||
		    sscanf(line, "%*f %*f %*f %d/", &running) != 1)
			bench_die("/proc/loadavg");
		fclose(file);
		if (running > 1)
			quiet = 0;
		usleep(1000);
	}
}

static void start_sleepers(void)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (intptr_t i = 0; i < n_sleepers; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, &attr, sleeper, (void *)i);
		if (errno)
			bench_die("pthread_create");
	}
}

static void measure_sleepers(const char *what)
{
	double call[ROUNDS], all[ROUNDS];

	start_sleepers();
	for (int round = 0; round < ROUNDS; round++) {
		double start;

		acknowledge();
		atomic_store(&asleep, 0);
		atomic_store(&woken, 0);
		pthread_mutex_lock(&lock);
		round_number++;
		pthread_cond_broadcast(&next_round);
		pthread_mutex_unlock(&lock);
		wait_asleep();
		start = bench_now();
		wake_all();
		call[round] = bench_now() - start;
		while (atomic_load(&woken) != n_sleepers)
			usleep(1000);
		all[round] = bench_now() - start;
	}
	printf("bump: %5d %-9s %10.1f us, until the last one runs %10.1f us\n", n_sleepers, what,
	       bench_median(call, ROUNDS) / 1e3, bench_median(all, ROUNDS) / 1e3);
}

static void measure_mappers(int n)
{
	double call[ROUNDS];

	for (int i = 0; i < n; i++) {
		const volatile uint32_t *word =
			mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, id->fd, 0);

		if (word == MAP_FAILED)
			bench_die("mmap");
		(void)*word;
	}
	for (int round = 0; round < ROUNDS; round++) {
		double start = bench_now();

		for (int i = 0; i < 100; i++)
			trigger();
		call[round] = (bench_now() - start) / 100;
	}
	printf("bump: %5d %-9s %10.1f us\n", n, "mappers", bench_median(call, ROUNDS) / 1e3);
}

static void open_eventfds(void)
{
	const struct rlimit files = { .rlim_cur = n_sleepers + 100, .rlim_max = n_sleepers + 100 };

	eventfds = calloc(n_sleepers, sizeof(*eventfds));
	if (!eventfds || setrlimit(RLIMIT_NOFILE, &files))
		bench_die("RLIMIT_NOFILE");
	for (int i = 0; i < n_sleepers; i++) {
		eventfds[i] = eventfd(0, EFD_CLOEXEC);
		if (eventfds[i] < 0)
			bench_die("eventfd");
	}
}

int main(int argc, char **argv)
{
	if (argc != 3 || sysgenid_open(&id, NULL, 0))
		bench_die("usage: bump-cost mappers|sleepers|eventfds N, with the module loaded");
	n_sleepers = atoi(argv[2]);
	if (!strcmp(argv[1], "mappers")) {
		measure_mappers(n_sleepers);
		return 0;
	}
	if (!strcmp(argv[1], "eventfds"))
		open_eventfds();
	measure_sleepers(argv[1]);
	return 0;
}
