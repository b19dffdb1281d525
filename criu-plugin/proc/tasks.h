/* SPDX-License-Identifier: GPL-2.0-only */
/* The tasks that criu holds: it dumps them, or has restored them and not let them run yet. */
#ifndef SYSGENID_TASKS_H
#define SYSGENID_TASKS_H

#include <sys/types.h>

/* Anything but 0 ends the walk and becomes its result. */
typedef int (*sysgenid_task_fn)(pid_t pid, void *argument);

/*
 * Calls fn for each task that this process traces. These are the tasks of the dump or restore: criu
 * traces a task while it is dumped, and after a restore until it is resumed. The tasks are found in
 * this way since no hook of criu before 4.0 names them.
 */
int sysgenid_for_each_task(sysgenid_task_fn fn, void *argument);

/*
 * Kills all tasks that criu holds, for hooks that cannot make the restore fail. Returns 0, or
 * -errno if they cannot be found.
 */
int sysgenid_kill_tasks(void);

#endif
