/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/PID/status says about a task. */
#ifndef SYSGENID_STATUS_H
#define SYSGENID_STATUS_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

/* Returns a task's number in its own, innermost PID namespace, or -errno. */
int sysgenid_inner_pid(pid_t pid);

/*
 * Does this error of a file in /proc mean that the task is gone? After any other error the task
 * must be taken to have what the caller looks for.
 */
static inline bool sysgenid_is_gone(int error)
{
	return error == -ENOENT || error == -ESRCH;
}

#endif
