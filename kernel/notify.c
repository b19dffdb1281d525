// SPDX-License-Identifier: GPL-2.0-only
/* Telling others that the generation has moved: kernel code first, then who listens on netlink. */
#include <linux/export.h>

#include "counter.h"
#include "domain.h"
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
