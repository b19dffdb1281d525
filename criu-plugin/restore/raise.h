/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raising the generation of the restored tasks' PID namespace above the image's mark. The tasks do
 * it themselves, while criu restores them: criu itself is in another PID namespace.
 */
#ifndef SYSGENID_RAISE_H
#define SYSGENID_RAISE_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"

/*
 * Gets memory that all restored tasks share. To be called before criu forks them. follow_any_mark:
 * the system's generation has no limit either. Returns 0 or -errno after logging.
 */
int sysgenid_raise_prepare(bool follow_any_mark);

/*
 * Runs inside the task that is being restored. fd: an open file of the counter. Makes sure that the
 * generation of the task's PID namespace is above the image's mark. If the restored tasks share
 * that namespace with others, one of the tasks begins a new generation there in any case. Returns 0
 * or -errno after logging.
 */
int sysgenid_raise(int fd, const SysgenidImage *image);

/*
 * Runs in criu, for each task, when all are restored and still stopped. Returns 0, or -errno if
 * they must not run: then all have been killed, and the reason was logged. They must not run if
 * none of them has raised the generation although the image has files or mappings of the counter,
 * or if the image claims a PID namespace of its own for a task that is in criu's.
 */
int sysgenid_raise_check(pid_t pid, const SysgenidImage *image);

#endif
