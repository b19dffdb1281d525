// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells others that a generation has moved: kernel code first, then this module's netlink. And asks
 * sources whether it should have moved.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/srcu.h>

#include "counter.h"
#include "notify.h"
#include "sysgenid.h"
#include "watcher.h"

static BLOCKING_NOTIFIER_HEAD(notify_chain);   /* other kernel code: the system's events */
static BLOCKING_NOTIFIER_HEAD(notify_notices); /* this module: all counters */

void sysgenid_listen(struct notifier_block *nb)
{
	blocking_notifier_chain_register(&notify_notices, nb);
}

void sysgenid_unlisten(struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&notify_notices, nb);
}

/*
 * Caller holds ->events, so that listeners see the events in order. Other kernel code hears of the
 * system's only: no container may make it work.
 */
void sysgenid_notify(struct sysgenid_counter *counter, u32 generation, enum sysgenid_cause cause)
{
	struct sysgenid_notice notice = {
		.counter = counter,
		.generation = generation,
		.cause = cause,
	};

	lockdep_assert_held(&counter->events);
	if (counter == &sysgenid_system)
		blocking_notifier_call_chain(&notify_chain, cause, &generation);
	blocking_notifier_call_chain(&notify_notices, SYSGENID_NOTICE_EVENT, &notice);
}

/* All watchers of the counter have acknowledged, if that is still so. Caller holds ->events. */
void sysgenid_notify_settled(struct sysgenid_counter *counter)
{
	struct sysgenid_notice notice = { .counter = counter };
	struct sysgenid_summary summary;

	lockdep_assert_held(&counter->events);
	sysgenid_counter_summary(counter, &summary);
	if (summary.outdated)
		return;
	notice.generation = summary.generation;
	notice.watchers = summary.watchers;
	blocking_notifier_call_chain(&notify_notices, SYSGENID_NOTICE_SETTLED, &notice);
}

/* The counter has an incarnation, unless the generation has moved on. Caller holds ->events. */
void sysgenid_notify_incarnation(struct sysgenid_counter *counter)
{
	struct sysgenid_notice notice = { .counter = counter };
	struct sysgenid_summary summary;

	lockdep_assert_held(&counter->events);
	sysgenid_counter_summary(counter, &summary);
	if (!summary.identified)
		return;
	notice.generation = summary.generation;
	notice.incarnation = summary.incarnation;
	blocking_notifier_call_chain(&notify_notices, SYSGENID_NOTICE_INCARNATION, &notice);
}

int sysgenid_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&notify_chain, nb);
}
EXPORT_SYMBOL_GPL(sysgenid_register_notifier);

int sysgenid_unregister_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&notify_chain, nb);
}
EXPORT_SYMBOL_GPL(sysgenid_unregister_notifier);

#define NOTIFY_SOURCES 4

DEFINE_STATIC_SRCU(notify_source_srcu); /* guards calls of notify_sources[] */
static int (*notify_sources[NOTIFY_SOURCES])(void);

int sysgenid_sync_source(void)
{
	int index = srcu_read_lock(&notify_source_srcu), ret = 0, i;
	int (*sync)(void);

	for (i = 0; !ret && i < NOTIFY_SOURCES; i++) {
		sync = READ_ONCE(notify_sources[i]);
		if (sync)
			ret = sync();
	}
	srcu_read_unlock(&notify_source_srcu, index);
	return ret;
}

/* Puts @new where @old is. */
static int notify_replace_source(int (*old)(void), int (*new)(void))
{
	int i;

	for (i = 0; i < NOTIFY_SOURCES; i++) {
		if (cmpxchg(&notify_sources[i], old, new) == old)
			return 0;
	}
	return -EBUSY;
}

int sysgenid_set_sync_source(int (*sync)(void))
{
	return notify_replace_source(NULL, sync);
}
EXPORT_SYMBOL_GPL(sysgenid_set_sync_source);

void sysgenid_clear_sync_source(int (*sync)(void))
{
	notify_replace_source(sync, NULL);
	synchronize_srcu(&notify_source_srcu);
}
EXPORT_SYMBOL_GPL(sysgenid_clear_sync_source);
