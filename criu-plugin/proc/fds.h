/* SPDX-License-Identifier: GPL-2.0-only */
/* A task's open regular files, from /proc/PID/fd. No file system's server is asked. */
#ifndef SYSGENID_FDS_H
#define SYSGENID_FDS_H

#include <stdint.h>
#include <sys/types.h>

struct sysgenid_fd {
	dev_t device; /* of the file's file system */
	uint64_t inode;
	char path[64]; /* the link to the file in /proc */
};

/* Anything but 0 ends the walk and becomes its result. */
typedef int (*sysgenid_fd_fn)(const struct sysgenid_fd *file, void *argument);

/*
 * Calls fn for each descriptor that is a regular file. Returns 0, what fn returned, or -errno;
 * -ESRCH: the task is gone.
 */
int sysgenid_for_each_fd(pid_t pid, sysgenid_fd_fn fn, void *argument);

#endif
