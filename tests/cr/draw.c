// SPDX-License-Identifier: GPL-2.0-only
/* Draws random numbers by getrandom(). libc may keep the state of getrandom() in this process. */
#include <fcntl.h>
#include <linux/random.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "subject.h"

#define ROUNDS 4
#define MAX_THREADS 16

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int order; /* number of draws ordered so far */
	unsigned int done;  /* number of threads that have obeyed the last order */
} work = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void draw(long who)
{
	uint64_t number;

	for (int i = 0; i < ROUNDS; i++) {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			die("getrandom");
		say("%ld drew %016llx", who, (unsigned long long)number);
	}
}

static void *draw_on_order(void *arg)
{
	unsigned int obeyed = 0;

	pthread_mutex_lock(&work.lock);
	for (;;) {
		while (obeyed == work.order)
			pthread_cond_wait(&work.changed, &work.lock);
		obeyed = work.order;
		draw((long)arg);
		work.done++;
		pthread_cond_broadcast(&work.changed);
	}
	return NULL;
}

static void order(unsigned int threads)
{
	pthread_mutex_lock(&work.lock);
	work.order++;
	work.done = 0;
	pthread_cond_broadcast(&work.changed);
	while (work.done < threads)
		pthread_cond_wait(&work.changed, &work.lock);
	pthread_mutex_unlock(&work.lock);
}

int subject_draw(char **args)
{
	unsigned int threads = args[1] ? (unsigned int)atoi(args[1]) : 0;

	expect_signals();
	if (threads > MAX_THREADS)
		return 2;
	for (long i = 1; i <= (long)threads; i++)
		start_thread(draw_on_order, (void *)i);
	/* The first draw makes the state that a dump finds. "drawn" is said after every draw. */
	for (;;) {
		draw(0);
		if (threads)
			order(threads);
		say("drawn");
		await_signal();
	}
}

/* Returns the start of a droppable mapping in /proc/self/smaps; 0 if there is none. */
static unsigned long droppable_mapping(void)
{
	unsigned long start, end, last = 0, found = 0;
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[512];

	if (!file)
		die("open /proc/self/smaps");
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "VmFlags:", 8)) {
			if (strstr(line, " dp"))
				found = last;
		} else if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			last = start;
		}
	}
	fclose(file);
	return found;
}

/*
 * Reads the generation of the kernel's random number generator that this process's own state has
 * recorded. The state is a struct vgetrandom_state (include/vdso/getrandom.h): 96 bytes of numbers
 * to come, 32 bytes of key, and the generation. libc aligns states to cache lines and uses one
 * state for each thread.
 */
static bool rng_generation(uint64_t *generation)
{
	enum { LINE = 64, PAGE = 4096, KEY = 96, GENERATION = 128 };
	const char *memory, *nothing = (const char[LINE]){ 0 };
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		die("getrandom");
	memory = (const char *)droppable_mapping();
	for (int at = 0; memory && at + GENERATION + LINE <= PAGE; at += LINE) {
		if (!memcmp(memory + at, nothing, LINE))
			continue;
		memcpy(generation, memory + at + GENERATION, sizeof(*generation));
		return true;
	}
	fputs("this libc keeps no state of getrandom\n", stderr);
	return false;
}

int subject_rng_generation(char **args)
{
	uint64_t generation;

	(void)args;
	if (!rng_generation(&generation))
		return 1;
	printf("%llu\n", (unsigned long long)generation);
	return 0;
}

int subject_reseed_until(char **args)
{
	unsigned long long wanted = args[1] ? strtoull(args[1], NULL, 10) : 0;
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	uint64_t generation;

	if (fd < 0)
		die("open /dev/urandom");
	for (;;) {
		if (!rng_generation(&generation))
			return 1;
		if (generation >= wanted)
			return generation != wanted;
		if (ioctl(fd, RNDRESEEDCRNG))
			die("RNDRESEEDCRNG");
	}
}
