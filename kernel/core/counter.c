// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generation page and the tickets. See docs/protocol.md for why the steps have this order.
 */
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/poll.h>

#include "counter.h"
#include "event.h"
#include "writers.h"

/*
 * Users may mark and acknowledge as fast as they like: listeners hear of it once in that time. Of a domain that
 * ends they hear at once, see domain.c.
 */
#define ANNOUNCE_DELAY msecs_to_jiffies(10)

/*
 * The ticket that stands in the page, under the lock. Once in each critical section: a device moves
 * the word without asking.
 */
sysgenid_ticket sysgenid_counter_current(struct sysgenid_counter *counter)
{
	u32 generation = sysgenid_counter_generation(counter);
	sysgenid_ticket ticket;

	lockdep_assert_held(&counter->lock);
	/*
	 * The word is a ticket that was drawn, so it is at most the highest, and less than a wrap
	 * below it. Unless a device has stored something else: then it may come out above the
	 * highest, and settle() puts that right.
	 */
	ticket = (counter->highest & ~(sysgenid_ticket)U32_MAX) | generation;
	if (ticket > counter->highest && ticket > U32_MAX)
		ticket -= (sysgenid_ticket)U32_MAX + 1;
	return ticket;
}

/* 0 means that nothing has ever happened, also in the page's rng_generation: skip it. */
static sysgenid_ticket valid(sysgenid_ticket ticket)
{
	return (u32)ticket ? ticket : ticket + 1;
}

/* The first valid ticket above all that were drawn before, and not below @after. */
sysgenid_ticket sysgenid_counter_draw(struct sysgenid_counter *counter, sysgenid_ticket after)
{
	lockdep_assert_held(&counter->lock);
	counter->highest = valid(max(counter->highest + 1, after));
	return counter->highest;
}

/*
 * What would be drawn next. It is not drawn: another counter may begin there. But who begins before the
 * word has moved and who begins after it must differ, also before a device's interrupt is handled. Compared
 * with where it was at the last look, and not by size: devices may move it up and down.
 */
sysgenid_ticket sysgenid_counter_next(struct sysgenid_counter *counter)
{
	sysgenid_ticket next;
	u32 now;

	spin_lock_irq(&counter->lock);
	now = sysgenid_counter_generation(counter);
	if (now != counter->looked) {
		counter->looked = now;
		sysgenid_counter_draw(counter, 0);
	}
	next = valid(counter->highest + 1);
	spin_unlock_irq(&counter->lock);
	return next;
}

/*
 * The ticket that a wish for at least @min means. Compared with the word, not with what was drawn.
 * Just before a wrap a wish from before it would lead straight to the next: 0, no wish.
 */
static sysgenid_ticket wished_ticket(struct sysgenid_counter *counter, u32 min)
{
	sysgenid_ticket now = sysgenid_counter_current(counter);

	return (u32)now != U32_MAX && min > (u32)now ? now + (min - (u32)now) : 0;
}

static unsigned int count_outdated(struct sysgenid_counter *counter)
{
	lockdep_assert_held(&counter->lock);
	if (counter->counted_at != sysgenid_counter_current(counter))
		return counter->watchers;
	return counter->watchers - counter->acknowledged;
}

void sysgenid_counter_wake(struct sysgenid_counter *counter)
{
	/*
	 * nr_exclusive 0: each and every one, EPOLLEXCLUSIVE or not. Everybody has become somebody
	 * else.
	 */
	__wake_up(&counter->changed, TASK_NORMAL, 0, poll_to_key(EPOLLIN | EPOLLRDNORM));
	wake_up_all(&counter->settled);
}

/*
 * Move the word: the caller holds @events, and does what else belongs to an event, such as waking. Sources that devices may copy from are rewritten
 * with tickets above the new one, and copies of what stood there before have landed (the fence)
 * before the word moves. So whatever a device stores later is above it, and was never in the word.
 */
u32 sysgenid_counter_move(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause)
{
	sysgenid_ticket ticket;
	bool armed;

	lockdep_assert_held(&counter->events);
	spin_lock_irq(&counter->lock);
	ticket = sysgenid_counter_draw(counter, wished_ticket(counter, min));
	armed = sysgenid_slots_rewrite(counter);
	spin_unlock_irq(&counter->lock);

	/* A slot leaves the list after its store has landed: without slots none is on its way. */
	if (armed)
		sysgenid_writers_fence();

	spin_lock_irq(&counter->lock);
	counter->last_cause = cause;
	counter->top = max(counter->top, ticket);
	/*
	 * Release, and more: pairs with the acquire of all readers, in the kernel and in userspace. Where no
	 * device has been in between, the draw above makes the difference to who began before.
	 */
	if (xchg(&counter->shared->generation, (u32)ticket) == counter->looked)
		counter->looked = (u32)ticket;
	spin_unlock_irq(&counter->lock);
	return (u32)ticket;
}

/* Counters that begin from now on do so above all that began before, and above @min - 1. */
void sysgenid_counter_reserve(struct sysgenid_counter *counter, u32 min)
{
	spin_lock_irq(&counter->lock);
	sysgenid_counter_draw(counter, wished_ticket(counter, min));
	spin_unlock_irq(&counter->lock);
}

/*
 * The number may come from a hostile image: 0, or -ERANGE when following it would burn the number
 * space, at once or together with what was followed before: -E2BIG then. The distance counts from
 * the highest number ever drawn: what was skipped before is not paid for again, so an image can be restored again and again.
 * Short distances are free: a container that is dumped and restored in turns brings a few numbers each time.
 */
int sysgenid_counter_allow_jump(struct sysgenid_counter *counter, u32 min)
{
	u64 distance, charge;
	sysgenid_ticket wished;
	int ret = 0;

	spin_lock_irq(&counter->lock);
	wished = wished_ticket(counter, min);
	distance = wished > counter->highest ? wished - counter->highest : 0;
	charge = distance > SYSGENID_FREE_JUMP ? distance - SYSGENID_FREE_JUMP : 0;
	if (distance > SYSGENID_MAX_JUMP)
		ret = -ERANGE;
	else if (charge && counter->jumped + charge > SYSGENID_MAX_JUMPS)
		ret = -E2BIG;
	else
		counter->jumped += charge;
	spin_unlock_irq(&counter->lock);
	return ret;
}

void sysgenid_counter_summary(struct sysgenid_counter *counter, struct sysgenid_summary *summary)
{
	spin_lock_irq(&counter->lock);
	summary->generation = (u32)sysgenid_counter_current(counter);
	summary->highest = (u32)counter->highest;
	summary->watchers = counter->watchers;
	summary->outdated = count_outdated(counter);
	summary->last_cause = counter->last_cause;
	spin_unlock_irq(&counter->lock);
}

/*
 * The first generation of a counter that nobody looks at. It may have had another life before; what devices hold of it is
 * replaced, and has landed before the word is stored, as in sysgenid_counter_move().
 */
void sysgenid_counter_begin(struct sysgenid_counter *counter, sysgenid_ticket first)
{
	bool armed;

	spin_lock_irq(&counter->lock);
	counter->highest = first;
	counter->top = first;
	armed = sysgenid_slots_rewrite(counter);
	spin_unlock_irq(&counter->lock);

	if (armed)
		sysgenid_writers_fence();

	spin_lock_irq(&counter->lock);
	counter->last_cause = SYSGENID_CAUSE_NONE;
	counter->event_needed = false;
	counter->leaked = false;
	counter->acknowledged = 0;
	counter->counted_at = 0;
	counter->reseed_round = 0;
	counter->began = first;
	counter->own_events = false;
	smp_store_release(&counter->shared->rng_generation, 0);
	smp_store_release(&counter->shared->generation, (u32)first);
	spin_unlock_irq(&counter->lock);
}

/*
 * Nobody looks at @counter any more: what its namespace begins anew with must be above this. Events of the
 * system's may have taken it further than the system's own counter; so it could meet a number again, after
 * the next one. 0: it does not matter. Events of its own do not count, or a container could use up the
 * numbers of the system.
 */
sysgenid_ticket sysgenid_counter_last(struct sysgenid_counter *counter)
{
	sysgenid_ticket last = 0;

	spin_lock_irq(&counter->lock);
	if (!counter->own_events && sysgenid_counter_current(counter) != counter->began)
		last = counter->highest;
	spin_unlock_irq(&counter->lock);
	return last;
}

/* What is drawn from now on is above @last. */
void sysgenid_counter_raise_floor(struct sysgenid_counter *counter, sysgenid_ticket last)
{
	spin_lock_irq(&counter->lock);
	counter->highest = max(counter->highest, last);
	spin_unlock_irq(&counter->lock);
}

int sysgenid_counter_init(struct sysgenid_counter *counter, gfp_t gfp)
{
	BUILD_BUG_ON(offsetof(struct sysgenid_page, magic) != 64);
	BUILD_BUG_ON(sizeof(struct sysgenid_page) > PAGE_SIZE);

	memset(counter, 0, sizeof(*counter));
	counter->page = alloc_page(gfp | __GFP_ZERO);
	if (!counter->page)
		return -ENOMEM;
	counter->shared = page_address(counter->page);
	counter->shared->magic = SYSGENID_PAGE_MAGIC;
	counter->shared->version = SYSGENID_PAGE_VERSION;
	counter->shared->flags = SYSGENID_PAGE_F_RNG;
	mutex_init(&counter->events);
	spin_lock_init(&counter->lock);
	init_waitqueue_head(&counter->changed);
	init_waitqueue_head(&counter->settled);
	INIT_DELAYED_WORK(&counter->announce, sysgenid_event_announce);
	INIT_LIST_HEAD(&counter->slots);
	return 0;
}

/*
 * The announcement that is due, if one is, comes now. Afterwards no work is queued: watchers queue it, and there are none
 * any more; and the work does not queue itself.
 */
void sysgenid_counter_flush(struct sysgenid_counter *counter)
{
	flush_delayed_work(&counter->announce);
}

void sysgenid_counter_destroy(struct sysgenid_counter *counter)
{
	WARN_ON_ONCE(counter->watchers || !list_empty(&counter->slots));
	__free_page(counter->page);
}

/* Watchers */

static bool is_outdated(struct sysgenid_watcher *watcher)
{
	lockdep_assert_held(&watcher->counter->lock);
	return watcher->marked ||
	       watcher->acknowledged != sysgenid_counter_current(watcher->counter);
}

/* Is the watcher one of counter->acknowledged? */
static bool is_counted(struct sysgenid_watcher *watcher)
{
	return watcher->tracked && !watcher->marked &&
	       watcher->acknowledged == watcher->counter->counted_at;
}

/*
 * Start a change of the watcher: bring the account to the present generation and take the watcher
 * out of it. The word may have moved without us; then the old account was about a generation that
 * never comes back. Returns whether anybody is outdated before the change.
 */
static bool begin_change(struct sysgenid_watcher *watcher, sysgenid_ticket now)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool outdated;

	lockdep_assert_held(&counter->lock);
	if (counter->counted_at != now) {
		counter->counted_at = now;
		counter->acknowledged = 0;
	}
	outdated = counter->acknowledged != counter->watchers;
	counter->acknowledged -= is_counted(watcher);
	counter->watchers -= watcher->tracked;
	return outdated;
}

/* End the change: put the watcher back into the account. Returns whether nobody is outdated now. */
static bool end_change(struct sysgenid_watcher *watcher)
{
	struct sysgenid_counter *counter = watcher->counter;

	lockdep_assert_held(&counter->lock);
	counter->watchers += watcher->tracked;
	counter->acknowledged += is_counted(watcher);
	return count_outdated(counter) == 0;
}

void sysgenid_counter_announce(struct sysgenid_counter *counter)
{
	schedule_delayed_work(&counter->announce, ANNOUNCE_DELAY);
}

/* The last watcher that was outdated is not any more. */
static void tell_settled(struct sysgenid_counter *counter)
{
	wake_up_all(&counter->settled);
	sysgenid_counter_announce(counter);
}

void sysgenid_watcher_init(struct sysgenid_watcher *watcher, struct sysgenid_counter *counter)
{
	watcher->counter = counter;
	watcher->marked = false;
	watcher->tracked = false;
	init_waitqueue_head(&watcher->own);
	spin_lock_irq(&counter->lock);
	watcher->acknowledged = sysgenid_counter_current(counter);
	spin_unlock_irq(&counter->lock);
}

void sysgenid_watcher_release(struct sysgenid_watcher *watcher)
{
	sysgenid_watcher_track(watcher, false);
}

bool sysgenid_watcher_outdated(struct sysgenid_watcher *watcher, u32 *generation)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool outdated;

	spin_lock_irq(&counter->lock);
	outdated = is_outdated(watcher);
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
	/* One load: what the caller has not seen must not count as acknowledged. */
	now = sysgenid_counter_current(counter);
	if (generation == (u32)now) {
		outdated = begin_change(watcher, now);
		watcher->acknowledged = now;
		watcher->marked = false;
		settled = end_change(watcher) && outdated;
		ret = 0;
	}
	spin_unlock_irq(&counter->lock);
	if (settled)
		tell_settled(counter);
	return ret;
}

void sysgenid_watcher_track(struct sysgenid_watcher *watcher, bool on)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool outdated, settled;

	spin_lock_irq(&counter->lock);
	outdated = begin_change(watcher, sysgenid_counter_current(counter));
	watcher->tracked = on;
	settled = end_change(watcher) && outdated;
	spin_unlock_irq(&counter->lock);
	if (settled)
		tell_settled(counter);
}

void sysgenid_watcher_mark(struct sysgenid_watcher *watcher)
{
	struct sysgenid_counter *counter = watcher->counter;

	spin_lock_irq(&counter->lock);
	begin_change(watcher, sysgenid_counter_current(counter));
	watcher->marked = true;
	end_change(watcher);
	spin_unlock_irq(&counter->lock);
	/* Only this file's sleepers: an unprivileged caller must not wake the whole system. */
	wake_up_all(&watcher->own);
}

/* Waiting */

static bool readable(struct sysgenid_watcher *watcher, u32 *generation)
{
	return sysgenid_watcher_outdated(watcher, generation);
}

/* WAIT_WATCHERS is over when all others are done, or when the caller has something to do itself. */
static bool settled(struct sysgenid_watcher *watcher, u32 *outdated_self)
{
	struct sysgenid_counter *counter = watcher->counter;
	bool done;

	spin_lock_irq(&counter->lock);
	*outdated_self = is_outdated(watcher);
	done = *outdated_self || count_outdated(counter) == 0;
	spin_unlock_irq(&counter->lock);
	return done;
}

/*
 * Sleep until @done, on the queue for everybody and on the file's own at the same time. @deadline is on the
 * monotonic clock, NULL for none. Not in jiffies: where ticks come late, as on a virtual CPU that was not
 * run, these are behind, and a time limit counted in them is over too early.
 * Returns 0, -ETIME, or -ERESTARTSYS for a signal.
 *
 * The entries stay in both queues until the end, and the state is set after them. prepare_to_wait() would do neither:
 * a late wake for a generation that is acknowledged already takes its entry off the first queue, and the call for
 * the second sets the state once more; then nothing wakes this task ever again.
 */
static int wait_on(struct sysgenid_watcher *watcher, wait_queue_head_t *everybody,
		   bool (*done)(struct sysgenid_watcher *, u32 *), u32 *result, ktime_t *deadline)
{
	DECLARE_WAITQUEUE(all, current);
	DECLARE_WAITQUEUE(own, current);
	bool over = false;
	int ret = 0;

	add_wait_queue(everybody, &all);
	add_wait_queue(&watcher->own, &own);
	for (;;) {
		/* A full barrier: a change after the look finds us asleep, and wakes us. */
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
	return wait_on(watcher, &watcher->counter->changed, readable, generation, NULL);
}

int sysgenid_watcher_wait_settled(struct sysgenid_watcher *watcher, unsigned int timeout_ms)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), timeout_ms);
	u32 outdated_self;
	int ret = wait_on(watcher, &watcher->counter->settled, settled, &outdated_self,
			  timeout_ms ? &deadline : NULL);

	/* A restart begins a new time limit: handled signals, which may come for ever, get none. */
	if (ret == -ERESTARTSYS && timeout_ms)
		return -ERESTARTNOHAND;
	return !ret && outdated_self ? -EINTR : ret;
}
