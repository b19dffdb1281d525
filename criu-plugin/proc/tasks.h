/* SPDX-License-Identifier: GPL-2.0-only */
/* The tasks that criu holds: those it dumps, or has restored and not let go yet. */
#ifndef SYSGENID_TASKS_H
#define SYSGENID_TASKS_H

#include <sys/types.h>

/* Anything but 0 ends the walk and becomes its result. */
typedef int (*sysgenid_task_fn)(pid_t pid, void *argument);

/*
 * Calls fn for each task that this process traces. Those are the tasks of the dump or restore:
 * criu traces them while they are dumped, and after a restore until they are resumed. No hook of
 * criu before 4.0 says which they are.
 */
int sysgenid_for_each_task(sysgenid_task_fn fn, void *argument);

/* Kills all tasks, where a hook cannot make the restore fail. */
void sysgenid_kill_tasks(void);

#endif
