// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cleanup.h>

#include "fds.h"

int sysgenid_for_each_fd(pid_t pid, sysgenid_fd_fn fn, void *argument)
{
	cleanup_directory DIR *directory = NULL;
	const struct dirent *entry;
	struct sysgenid_fd file;
	struct statx known;
	int result = 0;

	snprintf(file.path, sizeof(file.path), "/proc/%d/fd", pid);
	directory = opendir(file.path);
	if (!directory)
		return errno == ENOENT ? -ESRCH : -errno;
	for (errno = 0; !result && (entry = readdir(directory)); errno = 0) {
		/*
		 * AT_STATX_DONT_SYNC: the kernel does not ask a file system's server, which may be
		 * a stopped task.
		 */
		if (entry->d_name[0] == '.')
			continue;
		if (statx(dirfd(directory), entry->d_name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
			  STATX_TYPE | STATX_INO, &known)) {
			/* Other errors: a file system that cannot have a counter file. */
			result = errno == ENOMEM ? -ENOMEM : 0;
			continue;
		}
		if (!S_ISREG(known.stx_mode))
			continue;
		file.device = makedev(known.stx_dev_major, known.stx_dev_minor);
		file.inode = known.stx_ino;
		snprintf(file.path, sizeof(file.path), "/proc/%d/fd/%.20s", pid, entry->d_name);
		result = fn(&file, argument);
	}
	if (!result && errno)
		result = errno == ENOENT ? -ESRCH : -errno;
	return result;
}
