// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening the counter, and waiting for the kernel's generator to follow it. */
#define _GNU_SOURCE
#include "counter.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct sysgenid_page no_counter;

void sysgenid_counter_open(struct sysgenid_counter *counter)
{
	int saved = errno;

	/* No descriptor is kept: daemons close those they do not know. */
	counter->error = sysgenid_open(&counter->handle, NULL, SYSGENID_OPEN_MAP_ONLY);
	counter->page = counter->handle ? counter->handle->page : &no_counter;
	atomic_init(&counter->kernel_late, false);
	errno = saved;
}

void sysgenid_counter_close(struct sysgenid_counter *counter)
{
	sysgenid_close(counter->handle);
	counter->handle = NULL;
	counter->page = &no_counter;
}

bool sysgenid_counter_settled(const struct sysgenid_counter *counter, uint32_t generation)
{
	const struct sysgenid_page *page = counter->page;

	if (sysgenid_counter_now(counter) != generation)
		return false;
	return !(__atomic_load_n(&page->flags, __ATOMIC_ACQUIRE) & SYSGENID_PAGE_F_RNG) ||
	       __atomic_load_n(&page->rng_generation, __ATOMIC_ACQUIRE) == generation;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Not usleep(): a thread must not be cancelled in here, where a lock of OpenSSL's may be held. */
static void sleep_us(long us)
{
	struct timespec span = { .tv_sec = 0, .tv_nsec = us * 1000 };

	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &span, NULL);
}

/* One time limit however often the generation moves: a counter that never rests delays nobody for longer. */
static bool poll_kernel(const struct sysgenid_counter *counter, uint32_t *generation)
{
	int64_t end = now_us() + SYSGENID_KERNEL_WAIT_MS * INT64_C(1000);
	long pause = 50;

	for (;;) {
		*generation = sysgenid_counter_now(counter);
		if (sysgenid_counter_settled(counter, *generation))
			return true;
		if (now_us() >= end)
			return false;
		sleep_us(pause);
		pause = pause < 1000 ? pause * 2 : pause;
	}
}

bool sysgenid_counter_wait(struct sysgenid_counter *counter, uint32_t *generation)
{
	bool late = atomic_load_explicit(&counter->kernel_late, memory_order_relaxed);
	bool settled;
	int saved = errno;

	*generation = sysgenid_counter_now(counter);
	settled = sysgenid_counter_settled(counter, *generation);
	if (!settled && !late)
		settled = poll_kernel(counter, generation);
	errno = saved;
	if (settled == late)
		atomic_store_explicit(&counter->kernel_late, !settled, memory_order_relaxed);
	return settled;
}

void sysgenid_counter_fresh(struct sysgenid_fresh *fresh, uint32_t generation)
{
	int saved = errno;

	memset(fresh, 0, sizeof(*fresh));
	/* 48 bytes come in one piece, or, where system calls are filtered, not at all. */
	(void)!syscall(SYS_getrandom, fresh->kernel, sizeof(fresh->kernel), 0);
	clock_gettime(CLOCK_REALTIME, &fresh->real);
	clock_gettime(CLOCK_MONOTONIC, &fresh->monotonic);
	fresh->generation = generation;
	errno = saved;
}
