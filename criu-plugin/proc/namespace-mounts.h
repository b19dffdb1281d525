/* SPDX-License-Identifier: GPL-2.0-only */
/* The mounts of a mount namespace. /proc/PID/mountinfo has only those below the task's root. */
#ifndef SYSGENID_NAMESPACE_MOUNTS_H
#define SYSGENID_NAMESPACE_MOUNTS_H

#include <sys/types.h>

#include <mounts.h>

/*
 * Calls fn for each mount of the task's mount namespace if the task has another root than the
 * namespace, and for none otherwise. Returns 0, what fn returned, or -errno; -ESRCH: the task is
 * gone; -EPERM: this process must not enter the namespace.
 */
int sysgenid_for_each_mount_outside(pid_t pid, sysgenid_mount_fn fn, void *argument);

#endif
