// SPDX-License-Identifier: GPL-2.0-only
/* An event: which counters it moves, who is told, and the reseed that follows. */
#include "counter.h"
#include "domain.h"
#include "event.h"
#include "notify.h"
#include "reseed.h"

static u32 move_and_tell(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause)
{
	u32 generation;

	mutex_lock(&counter->events);
	counter->own_events = true;
	generation = sysgenid_counter_move(counter, min, cause);
	sysgenid_notify(counter, generation, cause);
	mutex_unlock(&counter->events);
	return generation;
}

/*
 * After the system's generation has moved. Nothing is held from one domain to the next, so one that
 * takes its time holds up this event and no other container.
 */
void sysgenid_event_reach_domains(enum sysgenid_cause cause)
{
	struct sysgenid_counter *domain;
	bool any = false;

	/* The system's word has moved: its reseed need not wait for all containers. */
	sysgenid_reseed_start(SYSGENID_RESEED_NOW);
	for_each_sysgenid_domain (domain) {
		mutex_lock(&domain->events);
		sysgenid_counter_move(domain, 0, cause);
		mutex_unlock(&domain->events);
		any = true;
	}
	/* And once more, for theirs. A domain that begins later sees to itself. */
	if (any)
		sysgenid_reseed_start(SYSGENID_RESEED_NOW);
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
	u32 generation = move_and_tell(counter, min, cause);

	if (counter == &sysgenid_system)
		sysgenid_event_reach_domains(cause);
	else
		sysgenid_reseed_start(SYSGENID_RESEED_LATER);
	return generation;
}
