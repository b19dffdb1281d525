/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raises the generation of the restored tasks' PID namespace above the image's mark. This code runs
 * in the tasks while criu restores them, since criu itself is in another PID namespace.
 */
#ifndef SYSGENID_RAISE_H
#define SYSGENID_RAISE_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"

/*
 * Allocates the memory that criu and the restored tasks share. To be called before criu forks the
 * tasks. follow_any_mark: the system's generation may follow any mark, too. Returns 0 or -errno
 * after logging.
 */
int sysgenid_raise_prepare(bool follow_any_mark);

/*
 * Runs inside the task that is being restored. Makes sure that the generation of the task's PID
 * namespace is above the image's mark. If the restored tasks share that namespace with others, one
 * of the restored tasks begins a new generation there in any case. fd: a file of the counter that
 * was opened for this. Returns 0 or -errno after logging.
 */
int sysgenid_raise(int fd, bool view, const SysgenidImage *image);

/*
 * Runs in criu, for each task, when all tasks are restored and still stopped. Returns 0, or -errno
 * if the tasks must not run; in that case all tasks have been killed, and the reason was logged.
 * The tasks must not run if none of them has raised the generation although the image has files or
 * mappings of the counter, or if the image says that the tasks have their own PID namespace and a
 * task is in criu's.
 */
int sysgenid_raise_check(pid_t pid, const SysgenidImage *image);

#endif
