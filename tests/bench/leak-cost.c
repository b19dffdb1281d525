// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens after a leak, as a program of the machine sees it. Prints for each leak the
 * nanoseconds from the new word in the page until a sleeper in read() has it (the handler is done),
 * and until the kernel's random number generator was reseeded with the bytes that came with it.
 * Both begin just before the last look at the page that saw the old word. So they are too long, by
 * up to the third number: from there until the new word was seen. That number is large if the
 * machine did not let the looking thread run meanwhile, and such a line is of no use. Until killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include "bench.h"

static atomic_llong woken;   /* when the sleeper got a new generation */
static _Atomic uint32_t got; /* which; stored after the time */

static int open_device(void)
{
	int fd = open(SYSGENID_DEVICE, O_RDWR);

	if (fd < 0)
		bench_die("open " SYSGENID_DEVICE);
	return fd;
}

static void *sleeper(void *unused)
{
	int fd = open_device();
	uint32_t value;

	(void)unused;
	for (;;) {
		if (read(fd, &value, sizeof(value)) != sizeof(value))
			bench_die("read");
		atomic_store(&woken, (long long)bench_now());
		atomic_store(&got, value);
		if (write(fd, &value, sizeof(value)) < 0 && errno != EINVAL)
			bench_die("acknowledge");
	}
	return NULL;
}

int main(void)
{
	const volatile struct sysgenid_page *page =
		mmap(NULL, 4096, PROT_READ, MAP_SHARED, open_device(), 0);
	long long start, look, seen, reseeded;
	pthread_t thread;
	cpu_set_t last;
	uint32_t old;

	if (page == MAP_FAILED)
		bench_die("mmap");
	if (pthread_create(&thread, NULL, sleeper, NULL))
		bench_die("thread");
	/* Interrupts go to CPU 0: the handler must not interrupt the thread that takes the time. */
	CPU_ZERO(&last);
	CPU_SET(1, &last);
	if (sched_setaffinity(0, sizeof(last), &last) < 0)
		bench_die("cannot run on CPU 1");
	old = page->generation;
	/* Before the line that says that the next leak may come. */
	look = bench_now();
	printf("watching\n");
	for (;;) {
		fflush(stdout);
		do {
			start = look;
			look = bench_now();
		} while (page->generation == old);
		seen = bench_now();
		while (page->rng_generation != page->generation)
			;
		reseeded = bench_now();
		while (atomic_load(&got) != page->generation)
			;
		old = page->generation;
		look = bench_now();
		printf("%lld %lld %lld\n", atomic_load(&woken) - start, reseeded - start,
		       seen - start);
	}
}
