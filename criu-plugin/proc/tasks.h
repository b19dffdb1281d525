/* SPDX-License-Identifier: GPL-2.0-only */
/* The tasks that criu holds: those it dumps, or has restored and not let go yet. */
#ifndef SYSGENID_TASKS_H
#define SYSGENID_TASKS_H

#include <sys/types.h>

/* Anything but 0 ends the walk and becomes its result. */
typedef int (*sysgenid_task_fn)(pid_t pid, void *argument);

/*
 * Calls fn for each task that this process traces. No hook of criu tells before 4.0 which they are,
 * and all of them are traced while they are dumped, and when they are restored and not resumed.
 */
int sysgenid_for_each_task(sysgenid_task_fn fn, void *argument);

/* Kills them all: for what hooks find that cannot fail a restore. */
void sysgenid_kill_tasks(void);

#endif
