/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The place of this plugin's hooks among those of other plugins.
 *
 * criu has one chain of plugins for each hook. It asks them in the order in which readdir found
 * them, and no further when one answers anything but -ENOTSUP, as plugins for GPUs do for tasks
 * that have none. So this plugin puts its own hooks in front.
 */
#ifndef SYSGENID_CHAIN_H
#define SYSGENID_CHAIN_H

#include <stdbool.h>

/* How many hooks this criu has; 0: it does not export its table. */
unsigned int sysgenid_chain_hooks(void);

/*
 * The last thing that init does when it succeeds. Plugins that are loaded later come behind.
 * Where criu's table is unknown or not as expected nothing is changed, and that is good enough if
 * there is no other plugin. Returns 0 or -errno after logging.
 */
int sysgenid_chain_lead(void);

/* Is this plugin still asked first? */
bool sysgenid_chain_leads(void);

/* If it is not: logs who is. */
void sysgenid_chain_complain(void);

/* In exit, which criu calls before it takes the hooks out of its chains. */
void sysgenid_chain_leave(void);

#endif
