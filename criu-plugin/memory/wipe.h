/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wipe-on-fork memory (MADV_WIPEONFORK). Libraries keep a flag there to see that they have been
 * forked; criu restores the memory as it was. With the switch "wipe-on-fork" a restore clears it.
 */
#ifndef SYSGENID_WIPE_H
#define SYSGENID_WIPE_H

#include <sys/types.h>

#include "image.h"

/* Records where a frozen task has it. Returns 0 or -errno after logging: it cannot be recorded. */
int sysgenid_wipe_dump(pid_t pid, SysgenidImage *image);

/*
 * Clears the recorded areas of a task that is restored and still stopped. Returns NULL, or what
 * went wrong and what to do: then the task must not run.
 */
const char *sysgenid_wipe_restore(pid_t pid, const SysgenidImage *image);

#endif
