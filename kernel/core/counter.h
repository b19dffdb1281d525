/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A generation counter: the page that is the counter, and the tickets that are written into it.
 * Each domain has one. The struct has the fields of all floors; see domain.h, watcher.h, writer.h,
 * event.h.
 *
 * The word in the page has no second copy: whoever changes it, CPU or device, has changed it for
 * every reader at once. So nothing caches it.
 */
#ifndef SYSGENID_COUNTER_H
#define SYSGENID_COUNTER_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/linux/sysgenid.h>

/*
 * A ticket is a generation with the number of wraps above it, so that an acknowledgement of 7 is
 * not taken for one of 7 four billion events later. 0 is the state before the first event.
 */
typedef u64 sysgenid_ticket;

struct pid_namespace;
struct sysgenid_view;

struct sysgenid_counter {
	struct page *page;
	struct sysgenid_page *shared; /* @page as the kernel sees it */

	struct pid_namespace *pid_ns; /* whose domain this is; pinned; constant while in use */
	/* Guarded by the lock of domain.c; not used in the system's: */
	unsigned int users;
	struct list_head node;
	struct hlist_node by_ns;
	bool foreign_userns; /* of a user namespace other than the host's */
	bool may_cover;	     /* and one of those for which there is room on devices */

	atomic_t covered; /* writers that may store the word: not freed while there are any */

	/*
	 * Serialises events, so that listeners see them in order. Taken before @lock. While that of
	 * the system is held others are tried, never waited for. event_unlock() does what is
	 * @deferred.
	 */
	struct mutex events;
	atomic_t deferred; /* what was wanted while the mutex was taken; see event.c */
	bool own_events;   /* there were some that are not the system's; guarded by @events */

	spinlock_t
		lock; /* irqsave; guards the kernel's stores to the page, and all to @counted_at */
	sysgenid_ticket highest; /* the highest ever drawn, published or not */
	/*
	 * At least every ticket that was published by a CPU, or by a request that is known to be
	 * executed. Below @highest while a number is drawn and not published.
	 */
	sysgenid_ticket top;
	sysgenid_ticket began;	/* the first that was published; not used in the system's */
	struct list_head slots; /* armed sources */
	bool event_needed;	/* a device's report that its own store may not cover */
	bool leaked;		/* a device moved the word; event_confirm() has not run yet */
	enum sysgenid_cause last_cause;
	/* The generation that the last resume has begun, and the one of the last restore before. */
	u32 resumed;
	u32 resumed_from;
	u32 looked; /* the last word for which sysgenid_counter_next() need not draw a number */
	u64 jumped; /* numbers skipped for unforced minimums, without SYSGENID_FREE_JUMP of each */
	unsigned int watchers; /* tracked files */
	/* Watchers that have acknowledged @counted_at. Once the word has moved on, none has. */
	unsigned int acknowledged;
	sysgenid_ticket counted_at;

	wait_queue_head_t changed;    /* readers and pollers, until the generation changes */
	wait_queue_head_t settled;    /* WAIT_WATCHERS, until no watcher is outdated */
	struct delayed_work announce; /* tells netlink listeners that none is */

	struct sysgenid_view *view; /* NULL until somebody opens it; stores guarded by @lock */

	u32 reseed_sample; /* the generation when the last reseed began; 0: not in the list then */
	bool untold;	   /* listeners have not heard of the incarnation; guarded by @lock */
};

extern struct sysgenid_counter sysgenid_system; /* the initial PID namespace's; always there */

u64 sysgenid_counter_vmclock(void);
int sysgenid_counter_init(struct sysgenid_counter *counter, gfp_t gfp);
void sysgenid_counter_destroy(struct sysgenid_counter *counter);
sysgenid_ticket sysgenid_counter_next(struct sysgenid_counter *counter);
void sysgenid_counter_raise_floor(struct sysgenid_counter *ended);
void sysgenid_counter_reserve(struct sysgenid_counter *counter, u32 min);
bool sysgenid_counter_allow_jump(struct sysgenid_counter *counter, u32 min);

/* Caller holds ->lock. */
sysgenid_ticket sysgenid_counter_current(struct sysgenid_counter *counter);
sysgenid_ticket sysgenid_counter_wished(struct sysgenid_counter *counter, u32 min);
sysgenid_ticket sysgenid_counter_draw(struct sysgenid_counter *counter, sysgenid_ticket after);

/* Of the generation @now: which one the last event has begun that was no resume. */
static inline u32 sysgenid_counter_restored(const struct sysgenid_counter *counter, u32 now)
{
	return now == counter->resumed ? counter->resumed_from : now;
}

static inline u32 sysgenid_counter_generation(const struct sysgenid_counter *counter)
{
	/* Pairs with the store in sysgenid_counter_move(): its readers see what happened before. */
	return smp_load_acquire(&counter->shared->generation);
}

#endif /* SYSGENID_COUNTER_H */
