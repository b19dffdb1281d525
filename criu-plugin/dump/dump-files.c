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

/*
 * Does the text end in what the kernel adds to the path of a file whose name is gone? The file
 * itself can live on under another name: then its number of links is not 0, and a new name can
 * look like the old one.
 */
static bool is_deleted(const char *path)
{
	static const char end[] = " (deleted)";
	size_t length = strlen(path);

	return length >= sizeof(end) - 1 && !strcmp(path + length - (sizeof(end) - 1), end);
}

/* Finds the path of an open file, as the tasks' mount namespace knows it. */
static int path_of(int fd, char *path, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	path[n] = '\0';
	return path[0] == '/' && !is_deleted(path) ? 0 : -ENOENT;
}

static int log_no_path(int error)
{
	if (error == -ENOENT)
		sysgenid_err(
			"a task has the counter open or mapped by a device node that was "
			"deleted or replaced since: it could not be opened at restore. Let the "
			"task open " SYSGENID_DEVICE " again");
	else
		sysgenid_err("cannot find the path by which a task has opened the counter: %s",
			     strerror(-error));
	return error;
}

/* Parses "key:\tnumber\n". */
static bool parse_line(const char *line, const char *key, uint64_t max, uint64_t *value)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length) || line[length] != ':')
		return false;
	line += length + 1;
	line += strspn(line, " \t");
	return sysgenid_parse_number(&line, 10, value) && *line == '\n' && *value <= max;
}

struct state {
	uint64_t acknowledged, outdated, tracked, highest;
};

/*
 * Reads to the end, line by line: the kernel lists the locks on the file before the state, and
 * there can be any number of them.
 */
static int read_state(FILE *info, struct state *state)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	unsigned int found = 0;

	while (getline(&line, &size, info) >= 0) {
		found +=
			parse_line(line, "sysgenid-acknowledged", UINT32_MAX, &state->acknowledged);
		found += parse_line(line, "sysgenid-outdated", 1, &state->outdated);
		found += parse_line(line, "sysgenid-tracked", 1, &state->tracked);
		parse_line(line, "sysgenid-highest", UINT32_MAX, &state->highest);
	}
	if (!feof(info))
		return errno ? -errno : -EIO;
	return found == 3 ? 0 : -EPROTO;
}

static int read_fdinfo(int fd, SysgenidFile *file, SysgenidImage *image)
{
	cleanup_file FILE *info = NULL;
	struct state state = { 0 };
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return -errno;
	error = read_state(info, &state);
	if (error)
		return error;
	file->acknowledged = (uint32_t)state.acknowledged;
	file->outdated = state.outdated;
	file->tracked = state.tracked;
	/* The file may belong to another PID namespace than the tasks, which got it from there. */
	if (image->has_mark && state.highest > image->mark)
		image->mark = (uint32_t)state.highest;
	return 0;
}

/* The counter itself has no position. */
static void note_view(int fd, int flags, SysgenidFile *file)
{
	off_t position = flags & O_PATH ? 0 : lseek(fd, 0, SEEK_CUR);

	file->has_view = true;
	file->view = true;
	file->has_position = position > 0;
	file->position = file->has_position ? (uint64_t)position : 0;
}

int sysgenid_file_dump(int fd, int id, enum sysgenid_node node, SysgenidImage *image)
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
	if (!(flags & O_PATH) && node != SYSGENID_NODE_HYPERVISORS)
		error = read_fdinfo(fd, &file, image);
	if (error) {
		sysgenid_err("cannot read the state of the open file %s: %s. Is the loaded module "
			     "of the same release as this plugin?",
			     path, strerror(-error));
		return error;
	}
	if (node != SYSGENID_NODE_COUNTER)
		note_view(fd, flags, &file);
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

int sysgenid_mapping_dump(int fd, enum sysgenid_node node, SysgenidImage *image)
{
	char path[PATH_MAX];
	int error;

	error = path_of(fd, path, sizeof(path));
	if (error)
		return log_no_path(error);
	error = sysgenid_image_add_mapping(image, path, node != SYSGENID_NODE_COUNTER);
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
