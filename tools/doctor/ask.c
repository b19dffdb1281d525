// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "ask.h"

#include "../base/report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clock.h>

#define LOOK_AGAIN_MS 20
#define NOT_FOUND 127 /* exit status, as shells have it */

static _Noreturn void become(const char *const argv[], int output, bool errors_too)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(errors_too ? output : null, STDERR_FILENO) < 0)
		_exit(NOT_FOUND);
	execvp(argv[0], (char *const *)argv);
	_exit(NOT_FOUND);
}

/* Reads what is there. Drops what there is no room for, so that the writer never waits. */
static void take_output(struct answer *answer, int fd)
{
	char rest[4096];
	ssize_t n;

	do {
		size_t room = sizeof(answer->text) - 1 - answer->size;

		n = room ? read(fd, answer->text + answer->size, room)
			 : read(fd, rest, sizeof(rest));
		if (n > 0 && room)
			answer->size += (size_t)n;
	} while (n > 0);
	answer->text[answer->size] = '\0';
}

static enum ask_end end_of(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return ASK_MISSING;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? ASK_DONE : ASK_FAILED;
}

/*
 * Wait for the program's end and not for the pipe's: a process that it leaves behind may hold the
 * pipe.
 */
static void await_answer(struct answer *answer, pid_t pid, int fd, int64_t end)
{
	struct pollfd output = { .fd = fd, .events = POLLIN };
	int status;

	for (;;) {
		const bool late = sysgenid_now_ms() >= end;
		pid_t ended = waitpid(pid, &status, WNOHANG);

		take_output(answer, fd);
		if (ended == pid) {
			answer->end = end_of(status);
			return;
		}
		if (late || (ended < 0 && errno != EINTR))
			break;
		/* At the end of the output poll() returns at once, and the program may go on. */
		if (poll(&output, 1, LOOK_AGAIN_MS) > 0 && !(output.revents & POLLIN))
			usleep(LOOK_AGAIN_MS * 1000);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	answer->end = ASK_LATE;
}

void ask(struct answer *answer, const char *doing, const char *const argv[], int limit_ms,
	 bool errors_too)
{
	const int64_t start = sysgenid_now_ms();
	int output[2];
	pid_t pid;

	*answer = (struct answer){ .end = ASK_FAILED };
	if (isatty(STDERR_FILENO))
		tool_say("doctor: %s ...", doing);
	if (pipe2(output, O_CLOEXEC))
		return;
	/* Only our end is non-blocking: the program must wait for us. */
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	fflush(NULL);
	pid = fork();
	if (!pid)
		become(argv, output[1], errors_too);
	close(output[1]);
	if (pid > 0) {
		/* Set the group here as well: it must exist before it is killed. */
		setpgid(pid, pid);
		await_answer(answer, pid, output[0], start + limit_ms);
	}
	close(output[0]);
	answer->ms = (int)(sysgenid_now_ms() - start);
}

char *line_with(char *text, const char *part)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")))
		if (strstr(line, part))
			return line;
	return NULL;
}
