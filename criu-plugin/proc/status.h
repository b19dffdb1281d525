/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/PID/status says of a task. */
#ifndef SYSGENID_STATUS_H
#define SYSGENID_STATUS_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

/* The number that a task has in its own, innermost PID namespace. Returns it or -errno. */
int sysgenid_inner_pid(pid_t pid);

/*
 * Does this error of a file in /proc say that the task is gone? After any other error the task may
 * have whatever was looked for.
 */
static inline bool sysgenid_is_gone(int error)
{
	return error == -ENOENT || error == -ESRCH;
}

#endif
