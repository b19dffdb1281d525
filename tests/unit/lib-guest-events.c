// SPDX-License-Identifier: GPL-2.0-only
/* Subscriptions: what is told, to whom, in which order. */
#define _GNU_SOURCE
#include "lib-guest.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define FLOOD 3000

/* The next event is this one. */
static bool next_is(struct sysgenid_events *events, uint32_t generation, const char *cause)
{
	struct sysgenid_event event = { 0 };
	int ret = sysgenid_events_next(events, &event, PATIENCE_MS);

	if (ret == 0 && event.generation == generation &&
	    !strcmp(sysgenid_cause_name(event.cause), cause))
		return true;
	diag("result %d, generation %u (expected %u), cause %s (expected %s)", ret,
	     event.generation, generation, sysgenid_cause_name(event.cause), cause);
	return false;
}

static void test_order(struct sysgenid *id, struct sysgenid_events *events)
{
	uint32_t admin = trigger(), restore, by_ioctl;
	struct sysgenid_event event;

	must(sysgenid_trigger(0, SYSGENID_TRIGGER_RESTORE, &restore, NULL) == 0);
	trigger_fast(id);
	by_ioctl = sysgenid_generation(id);
	ok(is_readable(sysgenid_events_fd(events)), "an event makes the descriptor readable");
	ok(next_is(events, admin, "admin"), "the first change is told with its cause");
	ok(next_is(events, restore, "restore"), "then the second");
	ok(next_is(events, by_ioctl, "ioctl"), "then the third");
	is_int(sysgenid_events_next(events, &event, 0), -ETIME, "and nothing else: ETIME");
	ok(!is_readable(sysgenid_events_fd(events)), "the descriptor is not readable any more");
	is_int(sysgenid_events_next(events, &event, 60), -ETIME, "waiting for nothing ends: ETIME");
	start_signals(pthread_self());
	is_int(sysgenid_events_next(events, &event, PATIENCE_MS), -EINTR,
	       "a signal ends the wait: EINTR");
	stop_signals();
}

static void *trigger_soon(void *id)
{
	await_blocked(getpid(), SYS_ppoll);
	trigger_fast(id);
	return NULL;
}

static void test_sleeper(struct sysgenid *id, struct sysgenid_events *events)
{
	struct sysgenid_event event = { 0 };
	pthread_t thread;

	start_thread(&thread, trigger_soon, id);
	is_int(sysgenid_events_next(events, &event, -1), 0, "a sleeping subscriber is woken");
	must(!pthread_join(thread, NULL));
	is_int(event.generation, sysgenid_generation(id), "with the new generation");
}

static void test_overflow(struct sysgenid *id, struct sysgenid_events *events)
{
	const int small = 4096;
	int missed = 0, taken = 0, backwards = 0, ret;
	struct sysgenid_event event;
	uint32_t last = 0;

	must(!setsockopt(sysgenid_events_fd(events), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	for (int i = 0; i < FLOOD; i++)
		trigger_fast(id);
	while ((ret = sysgenid_events_next(events, &event, 0)) != -ETIME) {
		must(ret == 0 || ret == -ENOBUFS);
		missed += ret == -ENOBUFS;
		if (ret)
			continue;
		backwards += event.generation <= last;
		last = event.generation;
		taken++;
	}
	ok(missed > 0, "a subscriber that is too slow is told: ENOBUFS");
	ok(taken < FLOOD, "events are missing then");
	is_int(backwards, 0, "those that come are in order");
	is_int(get_status().generation, sysgenid_generation(id), "the status says where it is now");
	ok(next_is(events, trigger(), "admin"), "and the subscription goes on");
}

void test_events(void)
{
	struct sysgenid *id = open_counter();
	struct sysgenid_events *events, *other;

	is_int(sysgenid_events_open(&events, 0), 0, "changes can be subscribed to");
	must(sysgenid_events_open(&other, 0) == 0);
	test_order(id, events);
	test_sleeper(id, events);
	test_overflow(id, events);
	ok(is_readable(sysgenid_events_fd(other)), "another subscriber has its own queue");
	sysgenid_events_close(other);
	sysgenid_events_close(events);
	sysgenid_close(id);
}

/* The next event says that all watchers, so many, have acknowledged this generation. */
static bool next_is_settled(struct sysgenid_events *events, uint32_t generation, uint32_t watchers)
{
	struct sysgenid_event event = { 0 };
	int ret = sysgenid_events_next(events, &event, PATIENCE_MS);

	if (ret == 0 && event.type == SYSGENID_EVENT_SETTLED && event.generation == generation &&
	    event.watchers == watchers && !event.cause)
		return true;
	diag("result %d, type %d, generation %u (expected %u), watchers %u (expected %u)", ret,
	     (int)event.type, event.generation, generation, event.watchers, watchers);
	return false;
}

/* Long enough for an announcement, which waits for 10 ms. */
static bool nothing_comes(struct sysgenid_events *events)
{
	struct sysgenid_event event;

	return sysgenid_events_next(events, &event, 100) == -ETIME;
}

static void test_last_watcher(struct sysgenid *first, struct sysgenid *second,
			      struct sysgenid_events *events)
{
	uint32_t now = trigger();

	ok(next_is(events, now, "admin"), "the change itself comes first");
	must(!sysgenid_acknowledge(first, now));
	ok(nothing_comes(events), "while a watcher is outdated nothing is settled");
	must(!sysgenid_acknowledge(second, now));
	ok(next_is_settled(events, now, 2), "the last acknowledgement settles the generation");
	must(!sysgenid_acknowledge(second, now));
	ok(nothing_comes(events), "one more acknowledgement does not");

	now = trigger();
	ok(next_is(events, now, "admin"), "the next change");
	must(!sysgenid_acknowledge(first, now) && !sysgenid_track(second, false));
	ok(next_is_settled(events, now, 1), "a watcher that is not waited for any more settles it");
}

/* Returns how long it takes to acknowledge and to be outdated again. */
static int64_t acknowledge_for_a_moment(struct sysgenid *id)
{
	int64_t start = now_ms();

	must(!sysgenid_acknowledge(id, sysgenid_generation(id)));
	must(!ioctl(id->fd, SYSGENID_MARK_OUTDATED, 0UL));
	return now_ms() - start;
}

static void test_moment(struct sysgenid *id, struct sysgenid_events *events)
{
	int64_t took;
	int tries = 0;
	bool quiet;

	must(!ioctl(id->fd, SYSGENID_MARK_OUTDATED, 0UL));
	/* Tries until the pause was short enough: then no listener may be told. */
	do {
		took = acknowledge_for_a_moment(id);
		quiet = nothing_comes(events);
	} while (took > 5 && ++tries < 100);
	ok(quiet && took <= 5, "nothing is settled when a file is outdated again at once");
}

/*
 * As often as it can. A late tick lets a pause be short, but there is none without a tick, of 4 ms
 * here.
 */
static void test_pause(struct sysgenid *id, struct sysgenid_events *events)
{
	uint32_t now = sysgenid_generation(id), told = 0;
	struct sysgenid_event event;
	int64_t start = now_ms(), took;

	for (int i = 0; i < FLOOD; i++)
		acknowledge_for_a_moment(id);
	must(!sysgenid_acknowledge(id, now));
	took = now_ms() - start;
	while (sysgenid_events_next(events, &event, 100) == 0)
		told += event.type == SYSGENID_EVENT_SETTLED && event.generation == now;
	ok(told > 0, "a file that was marked as outdated settles it, too");
	if (!ok(told <= took / 4 + 1, "not each time: nobody can drown listeners in announcements"))
		diag("%u in %ld ms", told, (long)took);
}

static bool only_changes(struct sysgenid_events *events)
{
	int changes = 0, others = 0;
	struct sysgenid_event event;

	while (sysgenid_events_next(events, &event, 100) == 0)
		*(event.type == SYSGENID_EVENT_CHANGE ? &changes : &others) += 1;
	return changes == 3 && !others;
}

void test_settled(void)
{
	struct sysgenid *first = open_counter(), *second = open_counter(), *other = open_counter();
	struct sysgenid_events *events, *plain;

	must(!sysgenid_track(first, true) && !sysgenid_track(second, true));
	is_int(sysgenid_events_open(&events, SYSGENID_EVENTS_SETTLED), 0,
	       "a subscription to what is settled");
	must(!sysgenid_events_open(&plain, 0));
	test_last_watcher(first, second, events);
	test_moment(first, events);
	test_pause(first, events);
	sysgenid_close(first);
	ok(next_is(events, trigger(), "admin"), "without a watcher there is the change");
	must(!sysgenid_acknowledge(other, sysgenid_generation(other)));
	ok(nothing_comes(events), "and nothing to settle");
	ok(only_changes(plain), "who did not ask for it hears of changes only");
	sysgenid_events_close(plain);
	sysgenid_events_close(events);
	sysgenid_close(other);
	sysgenid_close(second);
}

/* In a PID namespace of its own: moves the generation there and is the watcher that settles it. */
static int move_own(void *unused)
{
	struct sysgenid *id;

	(void)unused;
	if (sysgenid_open(&id, NULL, 0) || sysgenid_track(id, true))
		return 1;
	trigger_fast(id);
	if (sysgenid_acknowledge(id, sysgenid_generation(id)))
		return 2;
	sysgenid_close(id);
	return 0;
}

static int in_own_pid_namespace(void *unused)
{
	(void)unused;
	must(!unshare(CLONE_NEWPID));
	return in_child(move_own, NULL);
}

static int listen_without_capability(void *unused)
{
	struct sysgenid_events *events;

	(void)unused;
	keep_capability(-1);
	return sysgenid_events_open(&events, SYSGENID_EVENTS_DOMAINS) == -EPERM ? 0 : 1;
}

void test_domain_events(void)
{
	struct sysgenid_events *events, *system;
	struct sysgenid_event change = { 0 }, settled = { 0 };
	struct sysgenid_status status;
	uint32_t own = 0;

	is_int(in_child(listen_without_capability, NULL), 0,
	       "without CAP_SYS_ADMIN nobody listens to other domains");
	must(!sysgenid_get_domain_status(-1, &status, &own, NULL));
	is_int(sysgenid_events_open(&events, SYSGENID_EVENTS_SETTLED | SYSGENID_EVENTS_DOMAINS), 0,
	       "a subscription to all domains");
	must(!sysgenid_events_open(&system, SYSGENID_EVENTS_SETTLED));
	is_int(in_child(in_own_pid_namespace, NULL), 0, "another PID namespace has a change");
	is_int(sysgenid_events_next(events, &change, PATIENCE_MS), 0, "it is told");
	ok(change.type == SYSGENID_EVENT_CHANGE && change.cause == SYSGENID_CAUSE_IOCTL &&
		   change.domain != own,
	   "as a change in another domain");
	is_int(sysgenid_events_next(events, &settled, PATIENCE_MS), 0,
	       "that it is settled is told, too, though its last file has gone");
	ok(settled.type == SYSGENID_EVENT_SETTLED && settled.domain == change.domain &&
		   settled.generation == change.generation,
	   "for that domain and generation");
	ok(nothing_comes(system), "who listens to the system's domain hears nothing of it");
	ok(next_is(events, trigger(), "admin"), "the system's changes come to both");
	must(!sysgenid_events_next(system, &change, PATIENCE_MS));
	is_int(change.domain, own, "with the system's domain");
	sysgenid_events_close(system);
	sysgenid_events_close(events);
}
