/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wipe-on-fork memory (MADV_WIPEONFORK). Libraries keep a flag in such memory to detect a fork.
 * criu restores the memory as it was, so a library does not detect a restore. With the switch
 * "wipe-on-fork" a restore clears the memory.
 */
#ifndef SYSGENID_WIPE_H
#define SYSGENID_WIPE_H

#include <sys/types.h>

#include "image.h"

/* Records a frozen task's areas of wipe-on-fork memory. Returns 0 or -errno after logging. */
int sysgenid_wipe_dump(pid_t pid, SysgenidImage *image);

/*
 * Clears the recorded areas of a task that is restored and still stopped. Returns NULL, or a text
 * that says what went wrong and what to do; after a failure the task must not run.
 */
const char *sysgenid_wipe_restore(pid_t pid, const SysgenidImage *image);

#endif
