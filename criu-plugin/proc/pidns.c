// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "pidns.h"

struct path {
	char text[64];
};

static struct path path_of(pid_t pid)
{
	struct path path = { "/proc/self/ns/pid" };

	if (pid)
		snprintf(path.text, sizeof(path.text), "/proc/%d/ns/pid", pid);
	return path;
}

int sysgenid_pidns_open(pid_t pid)
{
	const struct path path = path_of(pid);
	int fd = open(path.text, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool sysgenid_pidns_is_system(int fd)
{
	struct stat pidns;

	return !fstat(fd, &pidns) && pidns.st_ino == SYSGENID_PIDNS_SYSTEM;
}

int sysgenid_pidns_stat(pid_t pid, struct stat *pidns)
{
	const struct path path = path_of(pid);

	return stat(path.text, pidns) ? -errno : 0;
}

int sysgenid_pidns_stat_criu(struct stat *pidns)
{
	static struct stat criu;

	if (!criu.st_ino && stat("/proc/self/ns/pid", &criu))
		return -errno;
	*pidns = criu;
	return 0;
}

bool sysgenid_pidns_is_inside(void)
{
	struct stat pidns;

	return !sysgenid_pidns_stat_criu(&pidns) && pidns.st_ino != SYSGENID_PIDNS_SYSTEM;
}
