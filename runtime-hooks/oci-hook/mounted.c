// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the counter files that are mounted. A mountinfo shows what its process can reach, which is
 * not everything if the process has changed its root. So this process enters one mount namespace
 * after the other, and reads its own mountinfo.
 */
#define _GNU_SOURCE
#include "mounted.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cleanup.h>
#include <mounts.h>

struct walk {
	int proc; /* this namespace's /proc: only the kernel decides what is below it */
	struct hook_counterfiles *counters;
	struct sysgenid_registry_place place;
	ino_t *seen; /* mount namespaces */
	size_t n_seen;
};

/* Returns whether the task is gone or a zombie, which has no namespace. */
static bool is_gone(int error)
{
	return error == ENOENT || error == ESRCH;
}

/* Calls @fn for each number in a folder of /proc, until one fails. */
static int for_each_number(int parent, const char *path,
			   int (*fn)(int folder, const char *number, struct walk *walk),
			   struct walk *walk)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		error = errno;
		if (fd >= 0)
			close(fd);
		return is_gone(error) ? 0 : -error;
	}
	for (errno = 0; !error && (entry = readdir(folder)); errno = 0)
		if (isdigit((unsigned char)entry->d_name[0]))
			error = fn(fd, entry->d_name, walk);
	if (!error && errno && !is_gone(errno))
		error = -errno;
	closedir(folder);
	return error;
}

static int mark(const struct sysgenid_mount *mount, void *argument)
{
	const struct walk *walk = argument;
	struct hook_counterfiles *counters = walk->counters;
	char name[HOOK_NAME_MAX + 1];

	if (!sysgenid_mounted_counter(mount, &walk->place, name, sizeof(name)))
		return 0;
	for (size_t i = 0; i < counters->n; i++)
		if (!strcmp(name, counters->list[i].name))
			counters->list[i].mounted = true;
	return 0;
}

static int read_mounts(struct walk *walk)
{
	cleanup_close int fd = openat(walk->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : sysgenid_for_each_mount(fd, mark, walk);
}

static bool was_seen(const struct walk *walk, ino_t number)
{
	for (size_t i = 0; i < walk->n_seen; i++)
		if (walk->seen[i] == number)
			return true;
	return false;
}

static int look_at_task(int tasks, const char *task, struct walk *walk)
{
	cleanup_close int namespace = -1;
	struct stat stat;
	ino_t *seen;
	char path[300];

	snprintf(path, sizeof(path), "%s/ns/mnt", task);
	namespace = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return is_gone(errno) ? 0 : -errno;
	if (fstat(namespace, &stat))
		return -errno;
	if (was_seen(walk, stat.st_ino))
		return 0;
	seen = realloc(walk->seen, (walk->n_seen + 1) * sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	walk->seen = seen;
	walk->seen[walk->n_seen++] = stat.st_ino;
	return setns(namespace, CLONE_NEWNS) ? -errno : read_mounts(walk);
}

/* Threads can have namespaces of their own, and outlive the first thread. */
static int look_at_process(int processes, const char *process, struct walk *walk)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/task", process);
	return for_each_number(processes, path, look_at_task, walk);
}

int hook_mark_mounted(int registry, struct hook_counterfiles *counters)
{
	cleanup_close int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk walk = { .proc = proc, .counters = counters };
	int error;

	/*
	 * Without the right to look at other processes, hidepid hides all of them. The first
	 * process always exists.
	 */
	if (proc < 0 || faccessat(proc, "1/ns/mnt", F_OK, 0))
		return -EACCES;
	/* Before another namespace is entered. */
	error = sysgenid_registry_locate(registry, &walk.place);
	if (!error)
		error = for_each_number(proc, ".", look_at_process, &walk);
	free(walk.seen);
	return error ? -EACCES : 0;
}
