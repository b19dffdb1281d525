/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts this plugin's hooks in front of those of other plugins. criu has one chain of plugins for
 * each hook, in the order in which readdir found them. criu stops at the first plugin that
 * answers anything but -ENOTSUP. Plugins for GPUs give such answers also for tasks that have no
 * GPU.
 */
#ifndef SYSGENID_CHAIN_H
#define SYSGENID_CHAIN_H

#include <stdbool.h>

/* How many hooks this criu has; 0: it does not export its table. */
unsigned int sysgenid_chain_hooks(void);

/*
 * Puts this plugin in front: the last step of a successful init. Plugins that are loaded later
 * come behind it. Where criu's table is unknown or not as expected, nothing is changed, which is
 * good enough if there is no other plugin. Returns 0 or -errno after logging.
 */
int sysgenid_chain_lead(void);

/* Is this plugin still asked first? */
bool sysgenid_chain_leads(void);

/* Logs which plugin is asked first instead of this one. */
void sysgenid_chain_complain(void);

/* To be called in exit, before criu takes the hooks out of its chains. */
void sysgenid_chain_leave(void);

#endif
