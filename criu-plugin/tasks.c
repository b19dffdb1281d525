// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tasks.h"
#include "util.h"

#define cleanup_directory __attribute__((cleanup(close_directory)))

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static pid_t tracer_of(int proc, const char *name)
{
	cleanup_close int fd = -1;
	char path[300], text[1024];
	const char *at;
	uint64_t tracer;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/status", name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, "\nTracerPid:\t");
	if (!at)
		return 0;
	at += sizeof("\nTracerPid:\t") - 1;
	return sysgenid_parse_number(&at, 10, &tracer) && tracer <= INT_MAX ? (pid_t)tracer : 0;
}

int sysgenid_for_each_task(sysgenid_task_fn fn, void *argument)
{
	cleanup_directory DIR *proc = opendir("/proc");
	const struct dirent *entry;
	pid_t self = getpid();
	int result = 0;

	if (!proc)
		return -errno;
	while (!result && (entry = readdir(proc))) {
		const char *at = entry->d_name;
		uint64_t pid;

		if (sysgenid_parse_number(&at, 10, &pid) && !*at && pid <= INT_MAX &&
		    tracer_of(dirfd(proc), entry->d_name) == self)
			result = fn((pid_t)pid, argument);
	}
	return result;
}

static int kill_task(pid_t pid, void *argument)
{
	(void)argument;
	/* It is traced, so its number cannot be another task's by now. */
	kill(pid, SIGKILL);
	return 0;
}

void sysgenid_kill_tasks(void)
{
	int error = sysgenid_for_each_task(kill_task, NULL);

	if (error)
		sysgenid_err("cannot find the tasks to kill: %s", strerror(-error));
}
