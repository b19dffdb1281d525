/* SPDX-License-Identifier: GPL-2.0-only */
/* Restored tasks end with criu until criu lets them go. */
#ifndef SYSGENID_HOLD_H
#define SYSGENID_HOLD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * From here on the kernel kills the task, and with descendants all of these, if this process,
 * their tracer, ends before it has detached from them: the tasks of a dead tracer run otherwise.
 * They must be stopped. Returns 0, also for tasks that have ended or have another tracer, or
 * -errno.
 */
int sysgenid_hold_tasks(pid_t pid, bool descendants);

/* The task runs again if its tracer ends. */
void sysgenid_release_task(pid_t pid);

#endif
