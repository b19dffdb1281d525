// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <cleanup.h>

#include "hold.h"

/*
 * These replace criu's options, which cannot be read. criu has set this one, and for tasks with
 * seccomp PTRACE_O_SUSPEND_SECCOMP, for system calls that it has made in the task before.
 */
#define CRIUS_OPTIONS PTRACE_O_TRACESYSGOOD

struct tasks {
	pid_t *pid;
	size_t n;
};

static int add(struct tasks *tasks, pid_t pid)
{
	pid_t *more = realloc(tasks->pid, (tasks->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	tasks->pid = more;
	more[tasks->n++] = pid;
	return 0;
}

/*
 * criu makes a task's children before its threads, so all are the first thread's. A kernel without
 * this file, or a task that has ended, has none.
 */
static int add_children(struct tasks *tasks, pid_t pid)
{
	cleanup_close int fd = -1;
	char text[1024];
	ssize_t size;
	pid_t child = 0;
	int error = 0;

	snprintf(text, sizeof(text), "/proc/%d/task/%d/children", pid, pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	/* Each number has a space behind it, and a part of the file may end within one. */
	while (!error && (size = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; !error && i < size; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				child = 10 * child + (text[i] - '0');
				continue;
			}
			error = add(tasks, child);
			child = 0;
		}
	return error || size >= 0 || errno == ESRCH ? error : -errno;
}

static int set_options(pid_t pid, long options)
{
	return ptrace(PTRACE_SETOPTIONS, pid, NULL, options) ? -errno : 0;
}

/* Not by recursion: a container may have tasks as deep as it has numbers. */
int sysgenid_hold_tasks(pid_t pid, bool descendants)
{
	struct tasks tasks = { NULL };
	int error = add(&tasks, pid);

	/* All that can be held are, also after an error. */
	for (size_t i = 0; i < tasks.n; i++) {
		int result = set_options(tasks.pid[i], CRIUS_OPTIONS | PTRACE_O_EXITKILL);

		if (!result && descendants)
			result = add_children(&tasks, tasks.pid[i]);
		if (result && result != -ESRCH)
			error = result;
	}
	free(tasks.pid);
	return error;
}

void sysgenid_release_task(pid_t pid)
{
	set_options(pid, CRIUS_OPTIONS);
}
