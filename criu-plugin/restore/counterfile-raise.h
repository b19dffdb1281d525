/* SPDX-License-Identifier: GPL-2.0-only */
/* The counter in a file, for a task that is restored and still stopped. */
#ifndef SYSGENID_COUNTERFILE_RAISE_H
#define SYSGENID_COUNTERFILE_RAISE_H

#include <sys/types.h>

/*
 * Raises the generation in each file of ours that the task has above what the image knows, once
 * for each file. Returns 0, or -errno: the task must not run. All tasks that this process
 * traces have been killed then, and after that it was logged why.
 */
int sysgenid_counterfiles_raise(pid_t pid);

#endif
