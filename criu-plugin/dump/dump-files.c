// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include <cleanup.h>

#include "dump-files.h"
#include "log.h"
#include "read.h"

int sysgenid_file_stat(int fd, struct stat *stat)
{
	struct statx known;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MODE | STATX_NLINK,
		  &known))
		return -errno;
	*stat = (struct stat){
		.st_mode = known.stx_mode,
		.st_nlink = known.stx_nlink,
		.st_rdev = makedev(known.stx_rdev_major, known.stx_rdev_minor),
	};
	return 0;
}

/* Finds the path of an open file, as the tasks' mount namespace knows it. */
static int path_of(int fd, char *path, size_t size)
{
	struct stat stat;
	char link[64];
	ssize_t n;
	int error = sysgenid_file_stat(fd, &stat);

	if (error)
		return error;
	/* The link would say " (deleted)". */
	if (stat.st_nlink == 0)
		return -ENOENT;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	path[n] = '\0';
	return path[0] == '/' ? 0 : -ENOENT;
}

static int log_no_path(int error)
{
	if (error == -ENOENT)
		sysgenid_err("a task has the counter open or mapped by a device node that was "
			     "deleted since: it could not be opened at restore. Let the task open "
			     "" SYSGENID_DEVICE " again");
	else
		sysgenid_err("cannot find the path by which a task has opened the counter: %s",
			     strerror(-error));
	return error;
}

/* Finds "key:\tnumber" in the text of a fdinfo file. */
static bool find_number(const char *text, const char *key, uint64_t max, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		const char *number = at + length + 1;

		if (strncmp(at, key, length) || at[length] != ':')
			continue;
		number += strspn(number, " \t");
		return sysgenid_parse_number(&number, 10, value) && *number == '\n' &&
		       *value <= max;
	}
	return false;
}

/*
 * Raises the image's mark to the file's: the file may belong to another PID namespace than the
 * tasks, which got it from there.
 */
static void follow_highest(const char *text, SysgenidImage *image)
{
	uint64_t highest;

	if (find_number(text, "sysgenid-highest", UINT32_MAX, &highest) && image->has_mark &&
	    highest > image->mark)
		image->mark = (uint32_t)highest;
}

static int read_fdinfo(int fd, SysgenidFile *file, SysgenidImage *image)
{
	uint64_t acknowledged, outdated, tracked;
	cleanup_close int info = -1;
	char path[64], text[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	n = read(info, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (!find_number(text, "sysgenid-acknowledged", UINT32_MAX, &acknowledged) ||
	    !find_number(text, "sysgenid-outdated", 1, &outdated) ||
	    !find_number(text, "sysgenid-tracked", 1, &tracked))
		return -EPROTO;
	file->acknowledged = (uint32_t)acknowledged;
	file->outdated = outdated;
	file->tracked = tracked;
	follow_highest(text, image);
	return 0;
}

int sysgenid_file_dump(int fd, int id, SysgenidImage *image)
{
	SysgenidFile file = SYSGENID_FILE__INIT;
	char path[PATH_MAX];
	int flags, error;

	error = path_of(fd, path, sizeof(path));
	if (error)
		return log_no_path(error);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0) {
		error = -errno;
		sysgenid_err("cannot read the flags of the open file %s: %s", path,
			     strerror(errno));
		return error;
	}
	/* A descriptor with O_PATH is only a name: it has no state. */
	error = flags & O_PATH ? 0 : read_fdinfo(fd, &file, image);
	if (error) {
		sysgenid_err("cannot read the state of the open file %s: %s. Is the loaded module "
			     "of the same release as this plugin?",
			     path, strerror(-error));
		return error;
	}
	file.id = (uint32_t)id;
	file.path = path;
	file.flags = (uint32_t)flags;
	error = sysgenid_image_add_file(image, &file);
	if (error) {
		sysgenid_err("cannot store the open file %s: %s", path,
			     error == -E2BIG ? "the tasks have too many of them"
					     : strerror(-error));
		return error;
	}
	sysgenid_info("open file %#x: %s, acknowledged %u, %stracked%s", file.id, path,
		      file.acknowledged, file.tracked ? "" : "not ",
		      file.outdated ? ", outdated" : "");
	return 0;
}

int sysgenid_mapping_dump(int fd, SysgenidImage *image)
{
	char path[PATH_MAX];
	int error;

	error = path_of(fd, path, sizeof(path));
	if (error)
		return log_no_path(error);
	error = sysgenid_image_add_mapping(image, path);
	if (error == -EEXIST)
		return 0;
	if (error)
		sysgenid_err("cannot store the mapped file %s: %s", path,
			     error == -E2BIG ? "the tasks have too many of them"
					     : strerror(-error));
	else
		sysgenid_info("the counter is mapped from %s", path);
	return error;
}
