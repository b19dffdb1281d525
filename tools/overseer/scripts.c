// SPDX-License-Identifier: GPL-2.0-only
#include "scripts.h"

#include "../base/report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clock.h>

#define GRACE_MS 2000 /* from SIGTERM to SIGKILL */
#define LOOK_AGAIN_MS 20

/*
 * Accepts the names that run-parts accepts, so that backups and leftovers of a package manager do
 * not run.
 */
static int has_good_name(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
	       strlen(name);
}

/* Anybody who can write the file could run anything with this process's rights. */
static bool is_trusted(const struct stat *status)
{
	return (status->st_uid == 0 || status->st_uid == geteuid()) &&
	       !(status->st_mode & (S_IWGRP | S_IWOTH));
}

/* Returns NULL if the script may run. Follows links, which switch scripts on. */
static const char *why_not(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "it is not a regular file";
	if (!is_trusted(&status))
		return "it must belong to root, and nobody else may write it (chown root, chmod "
		       "go-w)";
	if (access(path, X_OK) < 0)
		return "it is not executable (chmod +x)";
	return NULL;
}

static _Noreturn void be_script(const struct tool_scripts *scripts, const char *path,
				const char *name)
{
	char generation[sizeof("4294967295")];
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	/* Services ignore SIGPIPE; then a pipe's writer fails instead of ending. */
	signal(SIGPIPE, SIG_DFL);
	/* Standard output is for reports. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	close(null);
	snprintf(generation, sizeof(generation), "%u", scripts->generation);
	setenv("SYSGENID_GENERATION", generation, 1);
	setenv("SYSGENID_CAUSE", scripts->cause, 1);
	setenv("SYSGENID_INCARNATION", scripts->incarnation, 1);
	unsetenv("NOTIFY_SOCKET");
	execl(path, name, (char *)NULL);
	tool_say("cannot run %s: %s", path, strerror(errno));
	_exit(127);
}

/* Returns whether the child has ended. Leaves its status for waitpid(). */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

enum wait_end { ENDED, LATE, STOPPED };

/*
 * Sleeps until the process has ended; until @end, if @end is not 0; or until @scripts, if not NULL,
 * says to stop.
 */
static enum wait_end await_end(pid_t pid, int pidfd, int64_t end,
			       const struct tool_scripts *scripts)
{
	struct pollfd fds[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = scripts && scripts->stop ? scripts->wake : -1, .events = POLLIN },
	};

	while (!has_ended(pid)) {
		int64_t left = end ? end - sysgenid_now_ms() : INT32_MAX;

		if (left <= 0)
			return LATE;
		/* Old container runtimes refuse pidfd_open(): then nothing wakes this sleep. */
		if (pidfd < 0 && left > LOOK_AGAIN_MS)
			left = LOOK_AGAIN_MS;
		if (poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)left) > 0 && fds[1].revents &&
		    scripts->stop(scripts->context))
			return STOPPED;
	}
	return ENDED;
}

/* Returns NULL if the script ended well, or what went wrong. */
static const char *await_script(pid_t pid, const struct tool_scripts *scripts, bool *stopped)
{
	static char text[80];
	const int64_t now = sysgenid_now_ms();
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	enum wait_end how =
		await_end(pid, pidfd, scripts->timeout_ms ? now + scripts->timeout_ms : 0, scripts);
	int status = 0;

	if (how != ENDED) {
		kill(-pid, SIGTERM);
		if (await_end(pid, pidfd, sysgenid_now_ms() + GRACE_MS, NULL) != ENDED)
			kill(-pid, SIGKILL);
	}
	if (pidfd >= 0)
		close(pidfd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*stopped = how == STOPPED;
	if (how == STOPPED)
		return "it was stopped, since the overseer was told to stop";
	if (how == LATE)
		snprintf(text, sizeof(text), "it took longer than %u ms and was stopped",
			 scripts->timeout_ms);
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "it was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(text, sizeof(text), "it ended with status %d", WEXITSTATUS(status));
	else
		return NULL;
	return text;
}

static const char *run_script(const struct tool_scripts *scripts, const char *path,
			      const char *name, bool *stopped)
{
	const char *wrong = why_not(path);
	pid_t pid;

	if (wrong)
		return wrong;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return strerror(errno);
	if (!pid)
		be_script(scripts, path, name);
	/* Set the group here as well: it must exist before it is killed. */
	setpgid(pid, pid);
	return await_script(pid, scripts, stopped);
}

static void note_failure(struct tool_scripts_result *result, const char *path, const char *name,
			 const char *why)
{
	size_t used = strlen(result->names);

	tool_say("%s failed: %s", path, why);
	result->failed++;
	snprintf(result->names + used, sizeof(result->names) - used, "%s%s", used ? " " : "", name);
}

static bool is_default(const char *directory)
{
	return !strcmp(directory, TOOL_POST_RESTORE_DIR) || !strcmp(directory, TOOL_QUIESCE_DIR) ||
	       !strcmp(directory, TOOL_UNQUIESCE_DIR);
}

static int fail_directory(const char *directory)
{
	int error = errno;

	tool_say("cannot run what is in %s: %s: %s", directory, strerror(error),
		 error == ENOENT ? "make the directory, or name another" : "make it readable");
	return -EACCES;
}

/* -ENOENT: the directory does not exist and need not; -EACCES: after saying what is wrong. */
static int check_directory(const char *directory)
{
	struct stat status;

	if (stat(directory, &status) < 0) {
		/*
		 * A default directory is missing if nothing is installed. A directory that the user
		 * named must exist: the name may be mistyped.
		 */
		if (errno == ENOENT && is_default(directory))
			return -ENOENT;
		return fail_directory(directory);
	}
	if (S_ISDIR(status.st_mode) && is_trusted(&status))
		return 0;
	tool_say("%s is not used: it must be a directory that belongs to root and that nobody else "
		 "can write (chown root, chmod go-w)",
		 directory);
	return -EACCES;
}

int tool_scripts_run(const struct tool_scripts *scripts, struct tool_scripts_result *result)
{
	struct dirent **entries;
	bool stopped = false;
	int n, ret;

	memset(result, 0, sizeof(*result));
	ret = check_directory(scripts->directory);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	n = scandir(scripts->directory, &entries, has_good_name, alphasort);
	if (n < 0)
		return fail_directory(scripts->directory);
	for (int i = 0; i < n; free(entries[i++])) {
		char path[4096];
		const char *why;

		if (stopped)
			continue;
		snprintf(path, sizeof(path), "%s/%s", scripts->directory, entries[i]->d_name);
		why = run_script(scripts, path, entries[i]->d_name, &stopped);
		result->count++;
		if (why)
			note_failure(result, path, entries[i]->d_name, why);
	}
	free(entries);
	return 0;
}
