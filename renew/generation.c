// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "generation.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <clock.h>

static const struct sysgenid_page no_page;
static const struct sysgenid no_counter = { .page = &no_page, .fd = -1 };

void renew_counter_open(struct renew_counter *counter)
{
	int saved = errno;

	/* No descriptor is kept: daemons close those that they do not know. */
	counter->error = sysgenid_open(&counter->handle, NULL, SYSGENID_OPEN_MAP_ONLY);
	if (counter->error)
		counter->handle = NULL;
	counter->mapped = counter->handle ? *counter->handle : no_counter;
	atomic_init(&counter->kernel_late, false);
	errno = saved;
}

void renew_counter_close(struct renew_counter *counter)
{
	sysgenid_close(counter->handle);
	counter->handle = NULL;
	counter->mapped = no_counter;
}

bool renew_is_reseeded(const struct renew_counter *counter, uint32_t generation)
{
	const struct sysgenid_page *page = counter->mapped.page;

	if (!renew_is_current(&counter->mapped, generation))
		return false;
	return !(__atomic_load_n(&page->flags, __ATOMIC_ACQUIRE) & SYSGENID_PAGE_F_RNG) ||
	       __atomic_load_n(&page->rng_generation, __ATOMIC_ACQUIRE) == generation;
}

/* Not usleep(), which is a cancellation point: the caller may hold a lock of OpenSSL. */
static void sleep_us(long us)
{
	struct timespec span = { .tv_sec = 0, .tv_nsec = us * 1000 };

	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &span, NULL);
}

/*
 * If the word is behind the hypervisor, has the kernel look. Then takes the generation. The system
 * call is that of sysgenid_sync(), which sleeps where a thread may be cancelled: without the page
 * the next load of it has the kernel compare the two counters, and wait until it has moved.
 */
static bool look(const struct renew_counter *counter, uint32_t *generation)
{
	if (sysgenid_is_behind(&counter->mapped)) {
		(void)madvise((void *)counter->mapped.vmclock, (size_t)sysconf(_SC_PAGESIZE),
			      MADV_DONTNEED);
		(void)sysgenid_is_behind(&counter->mapped); /* the load */
	}
	*generation = renew_generation(counter);
	return renew_is_reseeded(counter, *generation);
}

/*
 * There is one time limit, however often the generation moves: a generation that moves without
 * pause must not delay the caller for longer.
 */
static bool poll_kernel(const struct renew_counter *counter, uint32_t *generation)
{
	int64_t end = sysgenid_now_ms() + RENEW_KERNEL_WAIT_MS;
	long pause = 50;

	for (;;) {
		if (look(counter, generation))
			return true;
		if (sysgenid_now_ms() >= end)
			return false;
		sleep_us(pause);
		pause = pause < 1000 ? pause * 2 : pause;
	}
}

bool renew_wait(struct renew_counter *counter, uint32_t *generation)
{
	bool late = atomic_load_explicit(&counter->kernel_late, memory_order_relaxed);
	bool reseeded;
	int saved = errno;

	reseeded = look(counter, generation);
	if (!reseeded && !late)
		reseeded = poll_kernel(counter, generation);
	errno = saved;
	if (reseeded == late)
		atomic_store_explicit(&counter->kernel_late, !reseeded, memory_order_relaxed);
	return reseeded;
}
