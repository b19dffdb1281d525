/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One generation counter: the page that is the counter, and the tickets that are written into it.
 * There is one a domain, that is, a PID namespace. The struct has what all floors keep for it;
 * see domain.h, watcher.h, writer.h, event.h.
 *
 * The word in the page has no second copy. Whoever changes it, CPU or device, has changed it for
 * every reader at once; therefore nothing in here caches it.
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

struct sysgenid_counter {
	struct page *page;
	struct sysgenid_page *shared; /* @page as the kernel sees it */

	/* Constant from here on, while there are users: */
	struct pid_namespace *pid_ns; /* whose domain this is; pinned */
	/* Guarded by the lock of domain.c; not used in the system's: */
	unsigned int users;
	struct list_head node;
	struct hlist_node by_ns;
	bool foreign_userns; /* of a user namespace other than the host's */
	bool has_place;	     /* and one of those for which there is room on devices */
	/* Writers that may store the word: it must not be freed while there are any. */
	atomic_t covered;

	/*
	 * Serialises events, so that notifiers and netlink listeners see them in order. Taken
	 * before @lock. No two of different counters are held at the same time. Given back by
	 * sysgenid_events_unlock(), which does what is @deferred.
	 */
	struct mutex events;
	atomic_t deferred; /* what was wanted while the mutex was taken; see event.c */
	bool own_events;   /* there were some that are not the system's; guarded by @events */

	/*
	 * Guards all that follows up to the queues, and the kernel's stores to the page; also taken
	 * in interrupts.
	 */
	spinlock_t lock;
	sysgenid_ticket highest; /* never drawn again, whether it was published or not */
	/* at least every ticket that a CPU, or an armed request known to be executed, published */
	sysgenid_ticket top;
	sysgenid_ticket began;	/* the first that was published; not used in the system's */
	struct list_head slots; /* armed sources */
	bool event_needed; /* a device has reported something that its own store may not cover */
	bool leaked;	   /* a device has moved the word and settle() has not seen to it yet */
	enum sysgenid_cause last_cause;
	u32 looked; /* the last word for which sysgenid_counter_next() need not draw a number */
	u64 jumped; /* numbers skipped for wishes that nobody vouched for, but for the free ones */
	unsigned int watchers; /* tracked files */
	/*
	 * Of the watchers, how many have acknowledged @counted_at. Means nothing as soon as the
	 * word has moved on: then nobody has acknowledged it.
	 */
	unsigned int acknowledged;
	sysgenid_ticket counted_at;

	wait_queue_head_t changed;    /* readers and pollers, until the generation changes */
	wait_queue_head_t settled;    /* WAIT_WATCHERS, until no watcher is outdated */
	struct delayed_work announce; /* tells netlink listeners that none is */

	u32 reseed_sample; /* the generation when the last reseed began; 0: not in the list then */
};

extern struct sysgenid_counter sysgenid_system; /* the initial PID namespace's; always there */

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

static inline u32 sysgenid_counter_generation(const struct sysgenid_counter *counter)
{
	/*
	 * Pairs with the release in the bump: what happened before the event is visible to who sees
	 * it.
	 */
	return smp_load_acquire(&counter->shared->generation);
}

#endif /* SYSGENID_COUNTER_H */
