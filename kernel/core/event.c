// SPDX-License-Identifier: GPL-2.0-only
/* An event: which counters it moves, who is told, and the reseed that follows. */
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "counter.h"
#include "domain.h"
#include "event.h"
#include "notify.h"
#include "reseed.h"
#include "writers.h"

/*
 * What others want of a counter whose events mutex is taken. Whoever gives the mutex back does it. Bits below these are
 * causes: move the generation for each of them that is set.
 */
#define DEFER_SETTLE BIT(30) /* see whether a device has moved it, and move it if not */
#define DEFER_ANNOUNCE                                                                             \
	BIT(29) /* tell listeners that all watchers have acknowledged, if that is so */
#define DEFER_CAUSES (DEFER_ANNOUNCE - 1)
#define SOON HZ

/* Returns whether there was an event: then the caller wakes sleepers and starts a reseed. Caller holds ->events. */
static bool run_deferred(struct sysgenid_counter *counter)
{
	unsigned int deferred = atomic_xchg(&counter->deferred, 0);
	unsigned int causes = deferred & DEFER_CAUSES;
	bool settle = deferred & DEFER_SETTLE;
	u32 generation;

	if (settle)
		settle = !sysgenid_settled_by_device(counter, &generation);
	if (causes || settle)
		sysgenid_counter_move(counter, 0,
				      causes ? __fls(causes) : SYSGENID_CAUSE_VIRTIO_LEAK);
	if (deferred & DEFER_ANNOUNCE)
		sysgenid_notify_settled(counter);
	return deferred & ~DEFER_ANNOUNCE;
}

void sysgenid_events_unlock(struct sysgenid_counter *counter)
{
	for (;;) {
		mutex_unlock(&counter->events);
		smp_mb(); /* the mutex is free before the look; pairs with the barrier in reach() */
		if (!atomic_read(&counter->deferred) || !mutex_trylock(&counter->events))
			return;
		/* reach() found the mutex taken and moved on: do its work here. */
		if (run_deferred(counter)) {
			sysgenid_counter_wake(counter);
			sysgenid_reseed_start(SYSGENID_RESEED_NOW);
		}
	}
}

/*
 * Waits for nobody: the events of a container may take as long as the container likes, and others come after it.
 * Either this function gets the mutex, or its owner finds what is wanted when it gives the mutex back.
 * Returns whether there was an event here: the caller wakes sleepers and starts a reseed, after all its calls.
 */
static bool reach(struct sysgenid_counter *counter, unsigned int wanted)
{
	bool event;

	atomic_or(wanted, &counter->deferred);
	smp_mb__after_atomic(); /* pairs with the barrier in sysgenid_events_unlock() */
	if (!mutex_trylock(&counter->events))
		return false;
	event = run_deferred(counter);
	sysgenid_events_unlock(counter);
	return event;
}

/*
 * The work item of a counter. It must not queue itself again: sysgenid_counter_flush() relies on that. With the events
 * mutex held, so that listeners hear of an event before they hear that it is settled.
 */
void sysgenid_event_announce(struct work_struct *work)
{
	struct sysgenid_counter *counter =
		container_of(to_delayed_work(work), struct sysgenid_counter, announce);

	/* An event of a walk that found the mutex taken by this function. */
	if (reach(counter, DEFER_ANNOUNCE)) {
		sysgenid_counter_wake(counter);
		sysgenid_reseed_start(SYSGENID_RESEED_NOW);
	}
}

/* First all words, then all sleepers, of whom a container may have many. Returns whether there are domains. */
static bool reach_all(unsigned int wanted)
{
	struct sysgenid_counter *domain;
	bool any = false;

	for_each_sysgenid_domain (domain) {
		reach(domain, wanted);
		any = true;
	}
	for_each_sysgenid_domain (domain)
		sysgenid_counter_wake(domain);
	return any;
}

/* After the system's generation has moved. */
void sysgenid_event_reach_domains(enum sysgenid_cause cause)
{
	/* The system's word has moved: its reseed need not wait for all containers. */
	sysgenid_reseed_start(SYSGENID_RESEED_NOW);
	/* And once more, for theirs. A domain that begins later sees to itself. */
	if (reach_all(BIT(cause)))
		sysgenid_reseed_start(SYSGENID_RESEED_NOW);
}

/*
 * After a leak, when a device has moved some of them already. @all: an event of the system's, which was not
 * covered, is one of theirs.
 */
void sysgenid_event_settle_domains(bool all)
{
	reach_all(DEFER_SETTLE | (all ? BIT(SYSGENID_CAUSE_VIRTIO_LEAK) : 0));
}

/* The rest of an event whose caller has taken ->events, which is given back. */
static u32 finish(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause)
{
	u32 generation;

	counter->own_events = true;
	generation = sysgenid_counter_move(counter, min, cause);
	sysgenid_counter_wake(counter);
	sysgenid_notify(counter, generation, cause);
	sysgenid_events_unlock(counter);
	if (counter == &sysgenid_system)
		sysgenid_event_reach_domains(cause);
	else
		sysgenid_reseed_start(SYSGENID_RESEED_LATER);
	return generation;
}

/*
 * Events of the system are made by a work item. So the system's events mutex is never held by a task that a cgroup
 * throttles, or that has a low priority; and who waits for an event can be killed.
 */
struct event_request {
	struct list_head node;
	u32 min;
	enum sysgenid_cause cause;
	u32 generation;
	struct completion done;
};

static void serve_requests(struct work_struct *unused);

static DECLARE_WORK(event_work, serve_requests);
static DEFINE_SPINLOCK(requests_lock); /* guards both below */
static LIST_HEAD(requests);
static struct event_request *served; /* by the work item; NULL if who asked has been killed */

static void serve_requests(struct work_struct *unused)
{
	struct event_request *request;
	enum sysgenid_cause cause;
	u32 generation, min;

	/* The request is on the stack of who waits: it may go as soon as the lock is free. */
	spin_lock(&requests_lock);
	while ((request = list_first_entry_or_null(&requests, struct event_request, node))) {
		list_del_init(&request->node);
		served = request;
		min = request->min;
		cause = request->cause;
		spin_unlock(&requests_lock);
		mutex_lock(&sysgenid_system.events);
		generation = finish(&sysgenid_system, min, cause);
		spin_lock(&requests_lock);
		if (served) {
			served->generation = generation;
			complete(&served->done);
		}
		served = NULL;
	}
	spin_unlock(&requests_lock);
}

static void request_event(struct event_request *request)
{
	init_completion(&request->done);
	spin_lock(&requests_lock);
	list_add_tail(&request->node, &requests);
	spin_unlock(&requests_lock);
	queue_work(system_highpri_wq, &event_work);
}

/* Returns 0, or -EINTR if the task was killed first: then the event may come, or not. */
static int wait_for_event(struct event_request *request)
{
	if (!wait_for_completion_killable(&request->done))
		return 0;
	spin_lock(&requests_lock);
	if (served == request)
		served = NULL;
	else
		list_del_init(&request->node);
	spin_unlock(&requests_lock);
	return -EINTR;
}

/**
 * sysgenid_event_system - move the system's generation, and with it all others
 * @cause: for those who listen
 *
 * Returns the new generation. Sleeps. The kernel's random number generator is reseeded afterwards
 * by a work item; sysgenid_reseed_wait() waits for it.
 */
u32 sysgenid_event_system(enum sysgenid_cause cause)
{
	struct event_request request = { .cause = cause };

	request_event(&request);
	wait_for_completion(&request.done);
	return request.generation;
}

/**
 * sysgenid_event - move a generation for a user
 * @counter: which; the system's takes all others with it
 * @min: the new generation is at least this, but for a wrap
 * @cause: for those who listen
 * @generation: where to store the new one
 *
 * A domain's events are made by its own tasks, so that these pay for them. Returns 0, or -EINTR if the task was killed.
 */
int sysgenid_event(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
		   u32 *generation)
{
	struct event_request request = { .min = min, .cause = cause };
	int ret;

	if (counter != &sysgenid_system) {
		if (mutex_lock_killable(&counter->events))
			return -EINTR;
		*generation = finish(counter, min, cause);
		return 0;
	}
	request_event(&request);
	ret = wait_for_event(&request);
	*generation = request.generation;
	return ret;
}

/*
 * The same for who holds a lock that others need: in a container, whose tasks may hold the mutex for long, -EBUSY after
 * a second.
 */
int sysgenid_event_soon(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
			u32 *generation)
{
	unsigned long end = jiffies + SOON;

	if (counter == &sysgenid_system)
		return sysgenid_event(counter, min, cause, generation);
	while (!mutex_trylock(&counter->events)) {
		if (time_after(jiffies, end) || fatal_signal_pending(current))
			return -EBUSY;
		usleep_range(50, 500);
	}
	*generation = finish(counter, min, cause);
	return 0;
}

/* To be called when nobody asks for an event any more. */
void sysgenid_events_stop(void)
{
	cancel_work_sync(&event_work);
}
