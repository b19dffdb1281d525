// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling others that the generation has moved: kernel code first, then who listens on netlink. And
 * the other way round, asking a source whether it should have.
 */
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/srcu.h>

#include "counter.h"
#include "domain.h"
#include "event.h"
#include "netlink.h"
#include "notify.h"
#include "sysgenid.h"

static BLOCKING_NOTIFIER_HEAD(chain);

/*
 * Called with the counter's events mutex held, so that listeners see the events in order. Kernel code
 * hears of the system's only: no container may make it work.
 */
void sysgenid_notify(struct sysgenid_counter *counter, u32 generation, enum sysgenid_cause cause)
{
	if (counter == &sysgenid_system)
		blocking_notifier_call_chain(&chain, cause, &generation);
	sysgenid_netlink_event(counter, generation, cause);
}

/*
 * The work item of a counter whose watchers have all acknowledged, if that is so still. With the events mutex
 * held, so that an event is heard of before it is settled.
 */
void sysgenid_notify_settled(struct work_struct *work)
{
	struct sysgenid_counter *counter =
		container_of(to_delayed_work(work), struct sysgenid_counter, announce);
	struct sysgenid_summary summary;

	/* Waits for no container's events: they may fill a queue that all share. */
	if (!mutex_trylock(&counter->events)) {
		sysgenid_counter_announce(counter);
		return;
	}
	sysgenid_counter_summary(counter, &summary);
	if (!summary.outdated)
		sysgenid_netlink_settled(counter, &summary);
	sysgenid_events_unlock(counter);
}

int sysgenid_register_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&chain, nb);
}
EXPORT_SYMBOL_GPL(sysgenid_register_notifier);

int sysgenid_unregister_notifier(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&chain, nb);
}
EXPORT_SYMBOL_GPL(sysgenid_unregister_notifier);

static DEFINE_MUTEX(look_lock); /* guards writing looker */
DEFINE_STATIC_SRCU(look_srcu);	/* guards calls of looker */
static void (*looker)(void);

void sysgenid_look(void)
{
	int index = srcu_read_lock(&look_srcu);
	void (*look)(void) = READ_ONCE(looker);

	if (look)
		look();
	srcu_read_unlock(&look_srcu, index);
}

int sysgenid_set_look(void (*look)(void))
{
	int ret = -EBUSY;

	mutex_lock(&look_lock);
	if (!looker) {
		WRITE_ONCE(looker, look);
		ret = 0;
	}
	mutex_unlock(&look_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(sysgenid_set_look);

void sysgenid_clear_look(void)
{
	mutex_lock(&look_lock);
	WRITE_ONCE(looker, NULL);
	mutex_unlock(&look_lock);
	synchronize_srcu(&look_srcu);
}
EXPORT_SYMBOL_GPL(sysgenid_clear_look);
