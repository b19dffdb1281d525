// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cleanup.h>

#include "log.h"
#include "status.h"
#include "tasks.h"
#include "read.h"

#define SHORTEST_PAUSE_NS 1000000
#define LONGEST_PAUSE_NS 500000000 /* is reached after five seconds */

/* Returns 0 if the task has none, or -errno. */
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
	/* One that has ended, or that this process may not look at, is none that it traces. */
	if (n < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
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
	for (errno = 0; !result && (entry = readdir(proc)); errno = 0) {
		const char *at = entry->d_name;
		uint64_t pid;
		pid_t tracer;

		if (!sysgenid_parse_number(&at, 10, &pid) || *at || pid > INT_MAX)
			continue;
		tracer = tracer_of(dirfd(proc), entry->d_name);
		if (tracer == self)
			result = fn((pid_t)pid, argument);
		else if (tracer < 0)
			result = tracer;
	}
	return result ? result : -errno;
}

static int kill_task(pid_t pid, void *argument)
{
	bool *has_first = argument;

	/* The number cannot have been reused: a traced task keeps it until its tracer waits. */
	kill(pid, SIGKILL);
	*has_first |= sysgenid_inner_pid(pid) == 1;
	return 0;
}

/* Reaps a killed thread if it has ended. Returns whether it has not ended yet. */
static bool is_left(pid_t thread)
{
	int status;
	pid_t ended = waitpid(thread, &status, __WALL | WNOHANG);

	return !ended || (ended > 0 && WIFSTOPPED(status));
}

/*
 * Reaps a task's threads and the task itself. The first process of the PID namespace is not reaped,
 * since criu waits for that process.
 */
static int reap_task(pid_t pid, void *argument)
{
	cleanup_directory DIR *threads = NULL;
	const struct dirent *entry;
	bool *left = argument;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads))) {
		const char *at = entry->d_name;
		uint64_t thread;

		if (sysgenid_parse_number(&at, 10, &thread) && thread != (uint64_t)pid)
			*left |= is_left((pid_t)thread);
	}
	if (sysgenid_inner_pid(pid) != 1)
		*left |= is_left(pid);
	return 0;
}

/*
 * Waits for all tasks that were killed, except the first process of the PID namespace. criu waits
 * for the first process only, and would wait for ever without this: that process ends only after
 * all others in the namespace, and each of these is a zombie until its tracer, criu, has waited for
 * it. All threads are asked in turn, since it is unknown which thread of a task is the last one.
 *
 * A killed task may be unable to end for long: in a cgroup v1 that somebody has frozen, or while a
 * file system does not answer. There is no limit, since criu would wait without one afterwards. But
 * the pauses grow, and the log says what is waited for.
 */
static int reap_tasks(void)
{
	long ns = SHORTEST_PAUSE_NS;
	bool left;
	int error;

	for (;;) {
		const struct timespec pause = { .tv_nsec = ns };

		left = false;
		error = sysgenid_for_each_task(reap_task, &left);
		if (error || !left)
			return error;
		nanosleep(&pause, NULL);
		if (ns == LONGEST_PAUSE_NS)
			continue;
		ns += ns / 8;
		if (ns < LONGEST_PAUSE_NS)
			continue;
		ns = LONGEST_PAUSE_NS;
		sysgenid_warn("the restored tasks were killed, and not all of them end: they may "
			      "be frozen, or wait for a file system; criu waits for them");
	}
}

/*
 * Reaps the tasks only if one of them is the first process of a PID namespace. Otherwise criu waits
 * for no task and kills all tasks by their numbers, so no number may become free.
 */
int sysgenid_kill_tasks(void)
{
	bool has_first = false;
	int error = sysgenid_for_each_task(kill_task, &has_first);

	return error || !has_first ? error : reap_tasks();
}
