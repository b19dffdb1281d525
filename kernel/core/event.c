// SPDX-License-Identifier: GPL-2.0-only
/* An event: which counters it moves, who is told, and the reseed that follows. */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "announce.h"
#include "counter.h"
#include "domain.h"
#include "event.h"
#include "notify.h"
#include "reseed.h"
#include "sysgenid.h"
#include "sysgenid_writer.h"
#include "watcher.h"
#include "writer.h"

/*
 * Bits of ->deferred: work that a counter needs. They are set before ->events is tried. The task
 * that gets ->events does the work, or else the one that has it, when it unlocks. The bits below
 * these three are the causes of an event that is wanted.
 */
#define DEFER_CONFIRM BIT(30)  /* make an event, unless the device's own store was a good one */
#define DEFER_ANNOUNCE BIT(29) /* tell listeners that nobody is outdated, if that is so */
#define DEFER_IDENTIFY BIT(28) /* tell listeners the incarnation */
#define DEFER_CAUSES (DEFER_IDENTIFY - 1)

/* Events by cause, of all domains. One of the system, which moves all domains, counts once. */
static atomic_long_t event_counts[__SYSGENID_CAUSE_MAX];

unsigned long sysgenid_event_count(enum sysgenid_cause cause)
{
	return atomic_long_read(&event_counts[cause]);
}

void sysgenid_event_count_add(enum sysgenid_cause cause)
{
	atomic_long_inc(&event_counts[cause]);
}

static void event_follow(struct sysgenid_counter *counter)
{
	sysgenid_counter_wake(counter);
	sysgenid_reseed_start(SYSGENID_RESEED_NOW);
}

/* Caller holds ->events. Returns whether there was an event, which event_follow() follows. */
static bool event_run_deferred(struct sysgenid_counter *counter)
{
	unsigned int deferred = atomic_xchg(&counter->deferred, 0);
	unsigned int causes = deferred & DEFER_CAUSES;
	bool confirm = deferred & DEFER_CONFIRM;
	u32 generation;

	if (confirm)
		confirm = !sysgenid_device_made_event(counter, &generation);
	/* Of several causes one is told; a resume must not hide a restore, nor a device's leak. */
	if (causes & ~BIT(SYSGENID_CAUSE_RESUME))
		causes &= ~BIT(SYSGENID_CAUSE_RESUME);
	else if (confirm)
		causes = BIT(SYSGENID_CAUSE_VIRTIO_LEAK);
	if (causes)
		sysgenid_counter_move(counter, 0, __fls(causes));
	if (deferred & DEFER_ANNOUNCE)
		sysgenid_announce_settled(counter);
	if (deferred & DEFER_IDENTIFY)
		sysgenid_announce_incarnation(counter);
	return deferred & ~(DEFER_ANNOUNCE | DEFER_IDENTIFY);
}

static void event_unlock(struct sysgenid_counter *counter)
{
	for (;;) {
		mutex_unlock(&counter->events);
		smp_mb(); /* unlock before the look; pairs with event_reach() */
		if (!atomic_read(&counter->deferred) || !mutex_trylock(&counter->events))
			return;
		/* event_reach() found this mutex taken and moved on: do its work here. */
		if (event_run_deferred(counter))
			event_follow(counter);
	}
}

/*
 * Waits for nobody, since a container can hold its mutex as long as it likes. Either this function
 * gets the mutex, or its owner finds what is wanted when it unlocks. Returns whether the generation
 * has moved here, by an event or by a device: then the caller wakes sleepers and starts a reseed.
 */
static bool event_reach(struct sysgenid_counter *counter, unsigned int wanted)
{
	bool event;

	atomic_or(wanted, &counter->deferred);
	smp_mb__after_atomic(); /* wish before the look at the mutex; pairs with event_unlock() */
	if (!mutex_trylock(&counter->events))
		return false;
	event = event_run_deferred(counter);
	event_unlock(counter);
	return event;
}

/*
 * Work item: nobody of the counter is outdated any more. With ->events held, so that listeners hear
 * of an event before they hear that it is settled.
 */
static void event_announce(struct work_struct *work)
{
	struct sysgenid_counter *counter =
		container_of(to_delayed_work(work), struct sysgenid_counter, announce);

	/* There may be an event of a walk that found the mutex taken by this function. */
	if (event_reach(counter, DEFER_ANNOUNCE))
		event_follow(counter);
}

/* Called by the work item that tells listeners of incarnations. */
static void event_identify(struct sysgenid_counter *counter)
{
	/* As above. */
	if (event_reach(counter, DEFER_IDENTIFY))
		event_follow(counter);
}

/*
 * Of an event of the system, whose word has moved: first the words of all domains, then a reseed
 * for all, and only then sleepers and listeners. Users decide how many sleepers there are; kernel
 * code that is told may wait, and a message for listeners takes memory. (A message about a domain
 * that was due when the walk got the domain's mutex is sent then.) Unlocks ->events.
 *
 * @wanted: of each domain. @cause: what is told, and @generation of the system's.
 */
static void event_spread(u32 generation, enum sysgenid_cause cause, unsigned int wanted)
{
	struct sysgenid_counter *domain;

	lockdep_assert_held(&sysgenid_system.events);
	for_each_sysgenid_domain(domain)
		event_reach(domain, wanted);
	sysgenid_reseed_start(SYSGENID_RESEED_NOW);
	sysgenid_counter_wake(&sysgenid_system);
	sysgenid_notify(&sysgenid_system, generation, cause);
	event_unlock(&sysgenid_system);
	/* Without the mutex: the next event of another kind does not wait for these sleepers. */
	for_each_sysgenid_domain(domain)
		sysgenid_counter_wake(domain);
}

/* Work item: a device has reported something. */
static void event_confirm(struct work_struct *unused)
{
	const enum sysgenid_cause cause = SYSGENID_CAUSE_VIRTIO_LEAK;
	struct sysgenid_counter *counter = &sysgenid_system;
	unsigned int flags = memalloc_noio_save(); /* as in event_serve() */
	u32 generation;

	sysgenid_event_count_add(cause);
	if (!mutex_trylock(&counter->events)) {
		/* The device has moved the word, and that event may take long. */
		sysgenid_counter_wake(counter);
		mutex_lock(&counter->events);
	}
	if (sysgenid_device_made_event(counter, &generation)) {
		/* The device has moved some of the domains. */
		event_spread(generation, cause, DEFER_CONFIRM);
	} else {
		/* An event of the system is one of all domains. */
		generation = sysgenid_counter_move(counter, 0, cause);
		event_spread(generation, cause, DEFER_CONFIRM | BIT(cause));
	}
	memalloc_noio_restore(flags);
}

static DECLARE_WORK(event_confirm_work, event_confirm);

/* Caller has locked ->events, which is unlocked here. */
static u32 event_finish(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause)
{
	u32 generation;

	sysgenid_event_count_add(cause);
	counter->own_events = true;
	generation = sysgenid_counter_move(counter, min, cause);
	if (counter == &sysgenid_system) {
		event_spread(generation, cause, BIT(cause));
		return generation;
	}
	sysgenid_reseed_start(SYSGENID_RESEED_LATER);
	sysgenid_counter_wake(counter);
	sysgenid_notify(counter, generation, cause);
	event_unlock(counter);
	return generation;
}

/*
 * A work item makes the system's events. So no task that a cgroup throttles, or that has a low
 * priority, holds the system's ->events; and whoever waits for an event can be killed.
 */
struct event_request {
	struct list_head node;
	u32 min;
	enum sysgenid_cause cause;
	u32 generation;
	struct completion done;
};

static void event_serve(struct work_struct *unused);

static DECLARE_WORK(event_work, event_serve);
static DEFINE_SPINLOCK(event_lock); /* guards both below */
static LIST_HEAD(event_requests);
static struct event_request *event_served; /* NULL: none, or its task was killed */

static void event_serve(struct work_struct *unused)
{
	/*
	 * Tasks wait for this that memory may be written out to: a network disk's, say. What is
	 * left is that a new worker may take memory.
	 */
	unsigned int flags = memalloc_noio_save();
	struct event_request *request;
	enum sysgenid_cause cause;
	u32 generation, min;

	/* The request is on its task's stack: it may go as soon as the lock is free. */
	spin_lock(&event_lock);
	while ((request = list_first_entry_or_null(&event_requests, struct event_request, node))) {
		list_del_init(&request->node);
		event_served = request;
		min = request->min;
		cause = request->cause;
		spin_unlock(&event_lock);
		mutex_lock(&sysgenid_system.events);
		generation = event_finish(&sysgenid_system, min, cause);
		spin_lock(&event_lock);
		if (event_served) {
			event_served->generation = generation;
			complete(&event_served->done);
		}
		event_served = NULL;
	}
	spin_unlock(&event_lock);
	memalloc_noio_restore(flags);
}

static void event_ask(struct event_request *request)
{
	init_completion(&request->done);
	spin_lock(&event_lock);
	list_add_tail(&request->node, &event_requests);
	spin_unlock(&event_lock);
	queue_work(system_highpri_wq, &event_work);
}

/* Returns 0, or -EINTR if the task was killed: then the event may come or not. */
static int event_wait(struct event_request *request)
{
	if (!wait_for_completion_killable(&request->done))
		return 0;
	spin_lock(&event_lock);
	if (event_served == request)
		event_served = NULL;
	else
		list_del_init(&request->node);
	spin_unlock(&event_lock);
	return -EINTR;
}

u32 sysgenid_bump_generation(enum sysgenid_cause cause)
{
	struct event_request request = { .cause = cause };

	event_ask(&request);
	wait_for_completion(&request.done);
	return request.generation;
}
EXPORT_SYMBOL_GPL(sysgenid_bump_generation);

void sysgenid_writer_detach(struct sysgenid_writer *writer)
{
	sysgenid_writer_remove(writer);
	writer->drop(writer);
	sysgenid_domains_purge();
	/* The report of a last leak may have been lost, with somebody asleep on the old value. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_detach);

/*
 * Moves a generation for a user, to @min at least but for a wrap. A domain's events are made by its
 * own tasks, so that these pay for them. Returns 0, or -EINTR if the task was killed.
 */
int sysgenid_event(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
		   u32 *generation)
{
	struct event_request request = { .min = min, .cause = cause };
	int ret;

	if (counter != &sysgenid_system) {
		if (mutex_lock_killable(&counter->events))
			return -EINTR;
		*generation = event_finish(counter, min, cause);
		return 0;
	}
	event_ask(&request);
	ret = event_wait(&request);
	*generation = request.generation;
	return ret;
}

/*
 * The same for a caller who holds a lock that others need: -EBUSY after a second, since tasks of a
 * container may hold its mutex for long.
 */
int sysgenid_event_soon(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
			u32 *generation)
{
	unsigned long end = jiffies + HZ;

	if (counter == &sysgenid_system)
		return sysgenid_event(counter, min, cause, generation);
	while (!mutex_trylock(&counter->events)) {
		if (time_after(jiffies, end) || fatal_signal_pending(current))
			return -EBUSY;
		usleep_range(50, 500);
	}
	*generation = event_finish(counter, min, cause);
	return 0;
}

/* Before anybody asks for an event. */
void sysgenid_events_start(void)
{
	sysgenid_watchers_start(event_announce);
	sysgenid_reseeds_start(event_identify);
	sysgenid_writers_start(&event_confirm_work);
}

/*
 * When nobody asks for an event any more, and no file is open. Each work may queue those that
 * follow, and a walk may be the last user of a domain, to which an event may have been left: so
 * first all walks let go of domains. Then those are freed, which ends what domains have queued; a
 * reseed that was started by that finds none.
 */
void sysgenid_events_stop(void)
{
	cancel_work_sync(&event_confirm_work);
	cancel_work_sync(&event_work);
	sysgenid_watchers_flush(&sysgenid_system);
	while (sysgenid_domain_count())
		usleep_range(1000, 2000);
	sysgenid_reseed_stop();
	sysgenid_domains_stop();
	sysgenid_reseed_stop();
}
