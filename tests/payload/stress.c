// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many triggers against everything else at the same time.
 * usage: stress trigger NUMBER | stress all NUMBER
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "stress.h"
#include "tap.h"

#define TRIGGERERS 2
#define SLEEPERS 5 /* the first observers */
#define LIMIT_SECONDS 400
#define PATIENCE_MS 20000
#define ROUNDS 5000
#define ENOUGH 50 /* an observer must see so many different generations to count */

static long triggers_each;

static void *trigger_all(void *unused)
{
	int fd = device_open(O_RDWR);

	(void)unused;
	for (long i = 0; i < triggers_each; i++)
		must(ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) == 0);
	device_close(fd);
	return NULL;
}

static void *observe(void *argument)
{
	struct observer *self = argument;

	self->body(self);
	return NULL;
}

static bool all_settled(uint32_t last)
{
	long long end = now_ms() + PATIENCE_MS;

	for (unsigned int i = 0; i < SLEEPERS; i++) {
		while (observers[i].settled != last) {
			if (now_ms() > end) {
				tap_diag("%s stays at %u", observers[i].name, observers[i].settled);
				return false;
			}
			sched_yield();
		}
	}
	return true;
}

/*
 * In a flood of events a lost one is made good by the next. So also one after the other, each at
 * the very moment when all are about to sleep again.
 */
static int one_by_one(void)
{
	int round = 0;

	while (round < ROUNDS && all_settled(trigger(0))) {
		/* The moment differs from round to round. */
		for (volatile int i = round++ % 64 * 32; i > 0; i--)
			;
	}
	return round;
}

static void run_triggers(void)
{
	pthread_t threads[TRIGGERERS];
	long long start = now_ms();

	for (int i = 0; i < TRIGGERERS; i++)
		must(pthread_create(&threads[i], NULL, trigger_all, NULL) == 0);
	for (int i = 0; i < TRIGGERERS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	tap_diag("%ld triggers took %lld ms", TRIGGERERS * triggers_each, now_ms() - start);
}

static void stop_observers(void)
{
	struct timespec end;

	stopping = true;
	/* Wakes those that sleep. */
	trigger(0);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_MS / 1000;
	for (unsigned int i = 0; i < observer_count; i++) {
		if (pthread_timedjoin_np(observers[i].thread, NULL, &end))
			tap_bail("%s was not woken by the last event", observers[i].name);
	}
}

static void stress(void)
{
	uint32_t start = generation(), all = (uint32_t)(TRIGGERERS * triggers_each);

	for (unsigned int i = 0; i < observer_count; i++)
		must(pthread_create(&observers[i].thread, NULL, observe, &observers[i]) == 0);
	run_triggers();
	tap_is(generation() - start, all,
	       "the counter has counted each trigger, by %d threads, once", TRIGGERERS);
	tap_ok(all_settled(generation()),
	       "everybody who slept was woken for the last one and has acknowledged it");
	tap_is(one_by_one(), ROUNDS, "and for each of %d single ones", ROUNDS);
	stop_observers();
	tap_is(generation() - start, all + ROUNDS + 1,
	       "and one more trigger has ended the sleep of all");
	for (unsigned int i = 0; i < observer_count; i++) {
		struct observer *it = &observers[i];

		tap_is(it->wrong, 0,
		       "%s never goes back, is given no generation twice, finds nothing else wrong",
		       it->name);
		if (it->wrong)
			tap_diag("first: %s", it->problem);
		tap_ok(it->seen >= ENOUGH, "%s has seen at least %d generations, so it was there",
		       it->name, ENOUGH);
		tap_diag("%s has seen %u", it->name, it->seen);
	}
	tap_is(sysfs_number("watchers"), 0, "no watcher is left in the account");
	tap_is(sysfs_number("outdated"), 0, "and no outdated one");
}

int main(int argc, char **argv)
{
	long number = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

	time_limit(LIMIT_SECONDS);
	device_setup();
	if (number > 0 && strcmp(argv[1], "trigger") == 0) {
		while (number--)
			trigger(0);
		return 0;
	}
	if (number < TRIGGERERS || strcmp(argv[1], "all") != 0)
		tap_bail("usage: stress trigger NUMBER | stress all NUMBER");
	triggers_each = number / TRIGGERERS;
	stress();
	return tap_done();
}
