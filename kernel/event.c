// SPDX-License-Identifier: GPL-2.0-only
/* An event: which counters it moves, who is told, and the reseed that follows. */
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>

#include "counter.h"
#include "domain.h"
#include "event.h"
#include "notify.h"
#include "reseed.h"
#include "writers.h"

/*
 * What an event of the system's wants of a domain: a bit for each cause, to move it; and to see whether a device
 * has moved it.
 */
#define DUE_SETTLE BIT(30)
#define SOON HZ

/* Returns whether there was anything. The caller holds @events, and wakes. */
static bool bring_due(struct sysgenid_counter *counter)
{
	unsigned int due = atomic_xchg(&counter->due, 0), causes = due & ~DUE_SETTLE;
	u32 generation;
	bool settled = (due & DUE_SETTLE) && sysgenid_settled_by_device(counter, &generation);

	if (due && (causes || !settled))
		sysgenid_counter_move(counter, 0,
				      causes ? __fls(causes) : SYSGENID_CAUSE_VIRTIO_LEAK);
	return due;
}

void sysgenid_events_unlock(struct sysgenid_counter *counter)
{
	for (;;) {
		mutex_unlock(&counter->events);
		smp_mb(); /* it is free before the look; pairs with that in reach() */
		if (!atomic_read(&counter->due) || !mutex_trylock(&counter->events))
			return;
		/* The walk that left it has gone by. */
		if (bring_due(counter)) {
			sysgenid_counter_wake(counter);
			sysgenid_reseed_start(SYSGENID_RESEED_NOW);
		}
	}
}

/*
 * Waits for nobody: a container's own events may take as long as it likes, and other containers come after
 * it. Either we get the mutex, or who has it finds what is due when it gives it back.
 */
static void reach(struct sysgenid_counter *domain, unsigned int due)
{
	atomic_or(due, &domain->due);
	smp_mb__after_atomic(); /* pairs with that in sysgenid_events_unlock() */
	if (!mutex_trylock(&domain->events))
		return;
	bring_due(domain);
	sysgenid_events_unlock(domain);
}

/* First all words, then all sleepers, of whom a container may have many. Returns whether there are domains. */
static bool reach_all(unsigned int due)
{
	struct sysgenid_counter *domain;
	bool any = false;

	for_each_sysgenid_domain (domain) {
		reach(domain, due);
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
	reach_all(DUE_SETTLE | (all ? BIT(SYSGENID_CAUSE_VIRTIO_LEAK) : 0));
}

/* The rest of an event whose caller has taken @events, which is given back. */
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

/**
 * sysgenid_event - move a generation
 * @counter: which; the system's takes all others with it
 * @min: the new generation is at least this, but for a wrap
 * @cause: for those who listen
 *
 * Returns the new generation. Sleeps. The kernel's random number generator is reseeded afterwards
 * by a work item; sysgenid_reseed_wait() waits for it.
 */
u32 sysgenid_event(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause)
{
	mutex_lock(&counter->events);
	return finish(counter, min, cause);
}

/* The same for a user of a file: 0 or -EINTR. */
int sysgenid_event_killable(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause)
{
	if (mutex_lock_killable(&counter->events))
		return -EINTR;
	finish(counter, min, cause);
	return 0;
}

/* The same for who holds a lock that others need: 0, or -EBUSY if the counter's own events take too long. */
int sysgenid_event_soon(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
			u32 *generation)
{
	unsigned long end = jiffies + SOON;

	while (!mutex_trylock(&counter->events)) {
		if (time_after(jiffies, end) || fatal_signal_pending(current))
			return -EBUSY;
		usleep_range(50, 500);
	}
	*generation = finish(counter, min, cause);
	return 0;
}
