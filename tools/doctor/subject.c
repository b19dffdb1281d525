// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "subject.h"

#include "../base/report.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clock.h>

#define READY_MS 5000
#define LOOK_AGAIN_MS 20
#define HAS_MOVED 42 /* its exit status then */

/* Close everything of doctor's: criu would have to dump that, too. */
static bool leave_everything(int ready)
{
	int null;

	if (dup2(ready, 3) < 0 || syscall(SYS_close_range, 4, ~0U, 0) || chdir("/") || setsid() < 0)
		return false;
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return false;
	return !close(null);
}

static _Noreturn void be_subject(const char *counter, int ready)
{
	struct sysgenid *handle;
	uint32_t seen;

	signal(SIGINT, SIG_DFL);
	if (!leave_everything(ready) || sysgenid_open(&handle, counter, 0))
		_exit(1);
	seen = sysgenid_generation(handle);
	if (write(3, "", 1) != 1 || close(3))
		_exit(1);
	while (!sysgenid_changed(handle, &seen))
		poll(NULL, 0, LOOK_AGAIN_MS);
	_exit(HAS_MOVED);
}

pid_t subject_start(const char *counter)
{
	struct clone_args how = { .flags = CLONE_NEWPID, .exit_signal = SIGCHLD };
	struct pollfd ready = { .events = POLLIN };
	int pipe[2];
	char byte;
	pid_t pid;

	if (pipe2(pipe, O_CLOEXEC))
		return -errno;
	pid = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	if (!pid)
		be_subject(counter, pipe[1]);
	if (pid < 0)
		pid = -errno;
	close(pipe[1]);
	ready.fd = pipe[0];
	if (pid > 0 &&
	    (poll(&ready, 1, READY_MS) <= 0 || read(pipe[0], &byte, sizeof(byte)) != 1)) {
		subject_kill(pid);
		pid = -EIO;
	}
	close(pipe[0]);
	return pid;
}

enum subject_end subject_await(pid_t pid, int limit_ms)
{
	const int64_t end = sysgenid_now_ms() + limit_ms;
	pid_t ended;
	int status;

	while (!(ended = waitpid(pid, &status, WNOHANG)) && sysgenid_now_ms() < end)
		poll(NULL, 0, LOOK_AGAIN_MS);
	if (!ended)
		return SUBJECT_RUNS;
	return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == HAS_MOVED ? SUBJECT_MOVED
										     : SUBJECT_GONE;
}

void subject_kill(pid_t pid)
{
	if (waitpid(pid, NULL, WNOHANG))
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
