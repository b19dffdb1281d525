/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wipe-on-fork memory (MADV_WIPEONFORK): what must not exist twice. Libraries look there whether they have been forked;
 * criu restores it as it was. With the switch "wipe-on-fork" a restore clears it.
 */
#ifndef SYSGENID_WIPE_H
#define SYSGENID_WIPE_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"

/* Records where it is in all tasks that this process has frozen. Returns whether there is any. Warns by itself. */
bool sysgenid_wipe_dump(SysgenidImage *image);

/* Clears what was recorded in a task that is restored and still stopped. Warns by itself. */
void sysgenid_wipe_restore(pid_t pid, const SysgenidImage *image);

#endif
