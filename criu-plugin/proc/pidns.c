// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "pidns.h"

int sysgenid_pidns_open(pid_t pid)
{
	char path[64] = "/proc/self/ns/pid";
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool sysgenid_pidns_is_system(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && stat.st_ino == SYSGENID_PIDNS_SYSTEM;
}
