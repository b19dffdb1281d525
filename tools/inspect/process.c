// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cleanup.h>
#include <counterfile-page.h>
#include <mounts.h>

#include "../../criu-plugin/proc/maps.h"

#define CHUNK (1024 * 1024)
/* The largest programs known here have 150 MB. */
#define PROGRAM_LIMIT (512u * CHUNK)
#define PATIENCE_MS 10000
#define PAUSE_MS 5

static bool ends_in(const char *path, const char *end)
{
	size_t length = strlen(path), tail = strlen(end);

	return length >= tail && !strcmp(path + length - tail, end);
}

bool inspect_is_counter(const char *path)
{
	static const char registry[] = SYSGENID_REGISTRY "/";

	return ends_in(path, SYSGENID_DEVICE) || ends_in(path, SYSGENID_VIEW_DEVICE) ||
	       !strncmp(path, registry, sizeof(registry) - 1);
}

static int add_path(struct inspected *process, const char *path)
{
	char **more;

	/* The parts of a file follow each other. Others may be there twice, which does no harm. */
	if (process->n_paths && !strcmp(process->paths[process->n_paths - 1], path))
		return 0;
	more = reallocarray(process->paths, process->n_paths + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	process->paths = more;
	more[process->n_paths] = strdup(path);
	if (!more[process->n_paths])
		return -ENOMEM;
	process->n_paths++;
	return 0;
}

/* The kernel says so of a file that a package's upgrade has replaced. */
static void cut_deleted(char *path)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(path), tail = sizeof(deleted) - 1;

	if (length > tail && !strcmp(path + length - tail, deleted))
		path[length - tail] = '\0';
}

static int see(const struct sysgenid_vma *vma, void *argument)
{
	struct inspected *process = argument;
	char path[PATH_MAX];

	process->droppable |= vma->droppable;
	process->wipe_on_fork |= vma->wipe_on_fork;
	if (vma->path[0] != '/')
		return 0;
	snprintf(path, sizeof(path), "%s", vma->path);
	cut_deleted(path);
	process->counter_mapped |= inspect_is_counter(path);
	return add_path(process, path);
}

int inspect_mappings(struct inspected *process)
{
	return sysgenid_for_each_vma(process->pid, true, see, process);
}

void inspect_free(struct inspected *process)
{
	for (size_t i = 0; i < process->n_paths; i++)
		free(process->paths[i]);
	free(process->paths);
}

const char *inspect_mapped(const struct inspected *process, const char *name, const char *next)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < process->n_paths; i++) {
		const char *file = strrchr(process->paths[i], '/') + 1;

		if (!strncmp(file, name, length) && (!file[length] || strchr(next, file[length])))
			return process->paths[i];
	}
	return NULL;
}

struct mounted {
	unsigned int id;
	bool readable;
};

/* The server of FUSE is a program, which may never answer. */
static int look_at_mount(const struct sysgenid_mount *mount, void *argument)
{
	struct mounted *mounted = argument;

	if (mount->id != mounted->id)
		return 0;
	/* Of a very long line the type is not known. */
	mounted->readable = mount->type[0] && strncmp(mount->type, "fuse", 4) != 0;
	return 1;
}

/* @file is open as a path only, which asks no file system. */
static bool may_read(const struct inspected *process, int file)
{
	cleanup_close int mounts = -1;
	struct mounted mounted = { .readable = false };
	struct statx status;
	char path[64];

	if (statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MNT_ID,
		  &status) ||
	    !S_ISREG(status.stx_mode) || !(status.stx_mask & STATX_MNT_ID))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", process->pid);
	mounts = open(path, O_RDONLY | O_CLOEXEC);
	mounted.id = (unsigned int)status.stx_mnt_id;
	return mounts >= 0 && sysgenid_for_each_mount(mounts, look_at_mount, &mounted) == 1 &&
	       mounted.readable;
}

/* Looks for @text, which has at most a few hundred bytes, in the first PROGRAM_LIMIT bytes. */
static bool file_has(int file, const char *text, size_t size)
{
	cleanup_free char *buffer = malloc(CHUNK);
	size_t kept = 0;
	ssize_t n;

	for (size_t in_all = 0; buffer && in_all < PROGRAM_LIMIT; in_all += (size_t)n) {
		n = read(file, buffer + kept, CHUNK - kept);
		if (n <= 0)
			return false;
		kept += (size_t)n;
		if (memmem(buffer, kept, text, size))
			return true;
		/* The text may begin here and end in what is read next. */
		if (kept >= size) {
			memmove(buffer, buffer + kept - (size - 1), size - 1);
			kept = size - 1;
		}
	}
	return false;
}

/* @program is open as a path only. */
static bool program_has(int program, const char *text, size_t size)
{
	cleanup_close int file = -1;
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", program);
	file = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return file >= 0 && file_has(file, text, size);
}

/* Returns whether the child has ended in time. */
static bool await(pid_t child, int *status)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
		if (waitpid(child, status, WNOHANG) == child)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/*
 * In a child, since a file system may stand on others that nobody sees here, such as an overlay on
 * one of FUSE. A child whose request a server has read cannot be killed, and is left behind.
 */
int inspect_program_has(const struct inspected *process, const char *text, size_t size)
{
	cleanup_close int program = -1;
	int status = 0;
	char link[64];
	pid_t child;

	snprintf(link, sizeof(link), "/proc/%d/exe", process->pid);
	program = open(link, O_PATH | O_CLOEXEC);
	if (program < 0 || !may_read(process, program))
		return -1;
	child = fork();
	if (!child) {
		/* Whoever reads the output need not wait for this one. */
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		_exit(program_has(program, text, size));
	}
	if (child < 0)
		return -1;
	if (!await(child, &status)) {
		kill(child, SIGKILL);
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) == 1 : -1;
}
