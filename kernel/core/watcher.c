// SPDX-License-Identifier: GPL-2.0-only
/* Who has acknowledged which generation, and who sleeps until there is another. */
#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "watcher.h"

/* Users mark and acknowledge as fast as they like: listeners hear of it once in that time. */
#define WATCHER_ANNOUNCE_DELAY msecs_to_jiffies(10)

static work_func_t watchers_announce;

static unsigned int watchers_count_outdated(struct sysgenid_counter *counter)
{
	lockdep_assert_held(&counter->lock);
	if (counter->counted_at != sysgenid_counter_current(counter))
		return counter->watchers;
	return counter->watchers - counter->acknowledged;
}

void sysgenid_counter_wake(struct sysgenid_counter *counter)
{
	/* nr_exclusive 0: all of them, also with EPOLLEXCLUSIVE. */
	__wake_up(&counter->changed, TASK_NORMAL, 0, poll_to_key(EPOLLIN | EPOLLRDNORM));
	wake_up_all(&counter->settled);
}

void sysgenid_counter_summary(struct sysgenid_counter *counter, struct sysgenid_summary *summary)
{
	spin_lock_irq(&counter->lock);
	summary->generation = (u32)sysgenid_counter_current(counter);
	summary->highest = (u32)counter->highest;
	summary->watchers = counter->watchers;
	summary->outdated = watchers_count_outdated(counter);
	summary->last_cause = counter->last_cause;
	summary->restored = sysgenid_counter_restored(counter, summary->generation);
	summary->exists = true;
	summary->identified = counter->shared->rng_generation == summary->generation;
	memcpy(summary->incarnation, counter->shared->incarnation, sizeof(summary->incarnation));
	spin_unlock_irq(&counter->lock);
}

/* @announce: work item of a counter, soon after none is outdated. It must not queue itself. */
void sysgenid_watchers_start(work_func_t announce)
{
	watchers_announce = announce;
}

void sysgenid_watchers_init(struct sysgenid_counter *counter)
{
	init_waitqueue_head(&counter->changed);
	init_waitqueue_head(&counter->settled);
	INIT_DELAYED_WORK(&counter->announce, watchers_announce);
}

/* Runs the announcement now if it is queued. Afterwards none is, if there are no watchers. */
void sysgenid_watchers_flush(struct sysgenid_counter *counter)
{
	flush_delayed_work(&counter->announce);
}

static bool watcher_is_outdated(struct sysgenid_watcher *watcher)
{
	lockdep_assert_held(&watcher->counter->lock);
	return watcher->forced_outdated ||
	       watcher->acknowledged != sysgenid_counter_current(watcher->counter);
}

/* Is the watcher one of counter->acknowledged, if @counted_at is the current ticket? */
static bool watcher_is_counted(struct sysgenid_watcher *watcher)
{
	return watcher->tracked && !watcher->forced_outdated &&
	       watcher->acknowledged == watcher->counter->counted_at;
}

/*
 * Starts a change of the watcher: takes it out of the counts, which are of ticket @now afterwards.
 * Counts of another ticket are of no use: that never comes back. Returns whether anybody is
 * outdated before the change.
 */
static bool watcher_begin_change(struct sysgenid_watcher *watcher, sysgenid_ticket now)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool outdated;

	lockdep_assert_held(&counter->lock);
	if (counter->counted_at != now) {
		counter->counted_at = now;
		counter->acknowledged = 0;
	}
	outdated = counter->acknowledged != counter->watchers;
	counter->acknowledged -= watcher_is_counted(watcher);
	counter->watchers -= watcher->tracked;
	return outdated;
}

/* Ends the change: puts the watcher back into the counts. Returns whether nobody is outdated. */
static bool watcher_end_change(struct sysgenid_watcher *watcher)
{
	struct sysgenid_counter *counter = watcher->counter;

	lockdep_assert_held(&counter->lock);
	counter->watchers += watcher->tracked;
	counter->acknowledged += watcher_is_counted(watcher);
	return watchers_count_outdated(counter) == 0;
}

/* The last watcher that was outdated is not any more. */
static void watchers_tell_settled(struct sysgenid_counter *counter)
{
	wake_up_all(&counter->settled);
	schedule_delayed_work(&counter->announce, WATCHER_ANNOUNCE_DELAY);
}

void sysgenid_watcher_init(struct sysgenid_watcher *watcher, struct sysgenid_counter *counter)
{
	watcher->counter = counter;
	watcher->forced_outdated = false;
	watcher->tracked = false;
	init_waitqueue_head(&watcher->own);
	spin_lock_irq(&counter->lock);
	watcher->acknowledged = sysgenid_counter_current(counter);
	spin_unlock_irq(&counter->lock);
}

bool sysgenid_watcher_outdated(struct sysgenid_watcher *watcher, u32 *generation)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool outdated;

	spin_lock_irq(&counter->lock);
	outdated = watcher_is_outdated(watcher);
	*generation = (u32)sysgenid_counter_current(counter);
	spin_unlock_irq(&counter->lock);
	return outdated;
}

int sysgenid_watcher_acknowledge(struct sysgenid_watcher *watcher, u32 generation)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool outdated, settled = false;
	sysgenid_ticket now;
	int ret = -EINVAL;

	spin_lock_irq(&counter->lock);
	/* One load: the caller must not acknowledge what it has not seen. */
	now = sysgenid_counter_current(counter);
	if (generation == (u32)now) {
		outdated = watcher_begin_change(watcher, now);
		watcher->acknowledged = now;
		watcher->forced_outdated = false;
		settled = watcher_end_change(watcher) && outdated;
		ret = 0;
	}
	spin_unlock_irq(&counter->lock);
	if (settled)
		watchers_tell_settled(counter);
	return ret;
}

void sysgenid_watcher_track(struct sysgenid_watcher *watcher, bool on)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool outdated, settled;

	spin_lock_irq(&counter->lock);
	outdated = watcher_begin_change(watcher, sysgenid_counter_current(counter));
	watcher->tracked = on;
	settled = watcher_end_change(watcher) && outdated;
	spin_unlock_irq(&counter->lock);
	if (settled)
		watchers_tell_settled(counter);
}

void sysgenid_watcher_force_outdated(struct sysgenid_watcher *watcher)
{
	struct sysgenid_counter *counter = watcher->counter;

	spin_lock_irq(&counter->lock);
	watcher_begin_change(watcher, sysgenid_counter_current(counter));
	watcher->forced_outdated = true;
	watcher_end_change(watcher);
	spin_unlock_irq(&counter->lock);
	/* Only this file's sleepers: an unprivileged caller must not wake the whole system. */
	wake_up_all(&watcher->own);
}

/* WAIT_WATCHERS ends when no tracked file is outdated, or when the caller's own is. */
static bool watcher_others_settled(struct sysgenid_watcher *watcher, u32 *outdated_self)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool done;

	spin_lock_irq(&counter->lock);
	*outdated_self = watcher_is_outdated(watcher);
	done = *outdated_self || watchers_count_outdated(counter) == 0;
	spin_unlock_irq(&counter->lock);
	return done;
}

/*
 * Sleeps until @done, on the counter's queue and on the file's own at the same time. @deadline is
 * on the monotonic clock, NULL for none; not in jiffies, which fall behind on a virtual CPU that
 * was not run. Returns 0, -ETIME, or -ERESTARTSYS for a signal.
 *
 * The entries stay in both queues until the end, and the state is set after both. prepare_to_wait()
 * does neither: a late wake for an older generation takes its entry off the first queue, and the
 * call for the second queue sets the state once more; then nothing wakes this task any more.
 */
static int watcher_wait_on(struct sysgenid_watcher *watcher, wait_queue_head_t *everybody,
			   bool (*done)(struct sysgenid_watcher *, u32 *), u32 *result,
			   ktime_t *deadline)
{
	DECLARE_WAITQUEUE(all, current);
	DECLARE_WAITQUEUE(own, current);
	bool over = false;
	int ret = 0;

	add_wait_queue(everybody, &all);
	add_wait_queue(&watcher->own, &own);
	for (;;) {
		/* A full barrier: a change after @done has looked finds the task asleep. */
		set_current_state(TASK_INTERRUPTIBLE);
		if (done(watcher, result))
			break;
		if (over) {
			ret = -ETIME;
			break;
		}
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		over = !schedule_hrtimeout(deadline, HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
	remove_wait_queue(&watcher->own, &own);
	remove_wait_queue(everybody, &all);
	return ret;
}

int sysgenid_watcher_wait_outdated(struct sysgenid_watcher *watcher, u32 *generation)
{
	return watcher_wait_on(watcher, &watcher->counter->changed, sysgenid_watcher_outdated,
			       generation, NULL);
}

int sysgenid_watcher_wait_settled(struct sysgenid_watcher *watcher, unsigned int timeout_ms)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), timeout_ms);
	u32 outdated_self;
	int ret = watcher_wait_on(watcher, &watcher->counter->settled, watcher_others_settled,
				  &outdated_self, timeout_ms ? &deadline : NULL);

	/* A restart would begin a new time limit, for ever if handled signals keep coming. */
	if (ret == -ERESTARTSYS && timeout_ms)
		return -ERESTARTNOHAND;
	return !ret && outdated_self ? -EINTR : ret;
}
