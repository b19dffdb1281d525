// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which counters are mounted? A mountinfo shows what its process can reach, which is not all if that has changed its
 * root, so this process enters one mount namespace after the other, and reads its own.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hook.h"

struct walk {
	int proc; /* this namespace's /proc: what is below it comes from the kernel alone */
	struct hook_counters *counters;
	ino_t *seen; /* mount namespaces */
	size_t n_seen;
};

/* The task is gone, or a zombie, which has no namespace. */
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

/* The fourth word of a line is the path, on its file system, of what is mounted. */
static void mark(char *line, struct hook_counters *counters)
{
	char *path = line, *name, *file;

	for (int i = 0; path && i < 3; i++) {
		path = strchr(path, ' ');
		path = path ? path + 1 : NULL;
	}
	if (!path)
		return;
	path[strcspn(path, " ")] = '\0';
	file = strrchr(path, '/');
	if (!file || strcmp(file, "/" SYSGENID_REGISTRY_FILE))
		return;
	*file = '\0';
	name = strrchr(path, '/');
	for (size_t i = 0; name && i < counters->n; i++)
		if (!strcmp(name + 1, counters->list[i].name))
			counters->list[i].mounted = true;
}

static int read_mounts(struct walk *walk)
{
	int fd = openat(walk->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	cleanup_free char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (!file) {
		error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	while (getline(&line, &size, file) >= 0)
		mark(line, walk->counters);
	if (!feof(file))
		error = -EIO;
	fclose(file);
	return error;
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

/* Threads can have namespaces of their own, and outlive the first one. */
static int look_at_process(int processes, const char *process, struct walk *walk)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/task", process);
	return for_each_number(processes, path, look_at_task, walk);
}

int hook_mark_mounted(struct hook_counters *counters)
{
	cleanup_close int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk walk = { .proc = proc, .counters = counters };
	int error;

	/* Without the right to look at others hidepid shows none at all. The first process is always there. */
	if (proc < 0 || faccessat(proc, "1/ns/mnt", F_OK, 0))
		return -EACCES;
	error = for_each_number(proc, ".", look_at_process, &walk);
	free(walk.seen);
	return error ? -EACCES : 0;
}

const char *hook_reason(int error)
{
	return error == -EACCES ? "what other processes have mounted cannot be seen without "
				  "CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_SYS_CHROOT"
				: strerror(-error);
}
