/* SPDX-License-Identifier: GPL-2.0-only */
/* The counter in a file, for a task that is restored and still stopped. */
#ifndef SYSGENID_WORDTASK_H
#define SYSGENID_WORDTASK_H

#include <sys/types.h>

/*
 * Raises the generation in each file of ours that the task has above what the image knows, once
 * for each file. Returns 0, or -errno after logging: the task must not run.
 */
int sysgenid_task_raise(pid_t pid);

#endif
