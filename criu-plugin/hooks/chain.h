/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts this plugin's hooks in front of those of other plugins. criu has one chain of plugins for
 * each hook, in the order in which readdir() found the plugins. criu asks the plugins of a chain in
 * turn and stops at the first answer other than -ENOTSUP. Plugins for GPUs give such answers even
 * for tasks that have no GPU, and would keep criu from asking this plugin.
 */
#ifndef SYSGENID_CHAIN_H
#define SYSGENID_CHAIN_H

#include <stdbool.h>

/* How many hooks this criu has; 0: it does not export its table. */
unsigned int sysgenid_chain_hooks(void);

/*
 * Puts this plugin in front; must be the last step of a successful init. Plugins that are loaded
 * later come behind this one. If criu's table is unknown or not as expected, nothing is changed:
 * that is an error only if there is another plugin. Returns 0 or -errno after logging.
 */
int sysgenid_chain_lead(void);

/* Is this plugin still asked first? */
bool sysgenid_chain_leads(void);

/* Does criu ask another plugin for this hook when this one has answered -ENOTSUP? */
bool sysgenid_chain_goes_on(unsigned int hook);

/* Logs which plugin is asked first instead of this one. */
void sysgenid_chain_complain(void);

/*
 * Gives the descriptor its max_hooks back. To be called in exit: criu then takes that many hooks
 * out of its chains.
 */
void sysgenid_chain_leave(void);

#endif
