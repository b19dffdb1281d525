/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state that the vDSO's getrandom keeps in a process (Linux 6.11, glibc 2.41 and newer). The
 * state is in droppable memory, which the kernel may replace by zeros at any time, even in the
 * middle of a call. Clearing droppable memory is always safe, since programs must expect that.
 */
#ifndef SYSGENID_DROPPABLE_H
#define SYSGENID_DROPPABLE_H

#include <sys/types.h>

#include "image.h"

/*
 * Clears the droppable memory of a frozen task and records the addresses, since criu before 4.2
 * restores droppable memory as ordinary memory. may_run: threads of the task may run before criu
 * dumps its memory, so the areas are recorded as not cleared, and a restore clears them again.
 * Returns the number of areas, or -errno after a warning.
 */
int sysgenid_droppable_dump(pid_t pid, bool may_run, SysgenidImage *image);

/* Clears the recorded areas of a task that is restored and still stopped. Logs failures. */
void sysgenid_droppable_restore(pid_t pid, const SysgenidImage *image);

#endif
