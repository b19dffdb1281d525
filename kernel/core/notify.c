// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells others that a generation has moved: kernel code first, then listeners on netlink. And asks
 * sources whether it should have moved.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/srcu.h>

#include "announce.h"
#include "counter.h"
#include "notify.h"
#include "sysgenid.h"

static BLOCKING_NOTIFIER_HEAD(notify_chain);

/*
 * Caller holds ->events. Other kernel code hears of the system's events only: no container may make
 * it work.
 */
void sysgenid_notify(struct sysgenid_counter *counter, u32 generation, enum sysgenid_cause cause)
{
	if (counter == &sysgenid_system)
		blocking_notifier_call_chain(&notify_chain, cause, &generation);
	sysgenid_announce_event(counter, generation, cause);
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
