// SPDX-License-Identifier: GPL-2.0-only
/*
 * failing N ERROR COMMAND...: runs a command and has the N-th system call of its process fail with
 * that error number, without doing anything. Prints that call's name on descriptor 3. Ends with the
 * command's status, 128 + the signal that ended it, 124 if it does not end, or 125 if it made fewer
 * calls than N.
 *
 * A seccomp filter asks this process about each call. Not counted are calls of the dynamic loader,
 * of threads and children.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_LIMIT_MS 15000
#define LOADER_SIZE 0x40000
#define LISTENER 3 /* the lowest number that is free */
enum { HANGS = 124, TOO_FEW = 125, BROKEN = 126 };

static const struct {
	int number;
	const char *name;
} names[] = {
#include "names.h"
};

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "failing: %s: %s\n", what, strerror(errno));
	exit(BROKEN);
}

static int new_listener(void)
{
	struct sock_filter ask = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	struct sock_fprog program = { .len = 1, .filter = &ask };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs");
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/* The process makes the listener, and then calls execve(), which waits for an answer. */
static int take_listener(int pidfd)
{
	int listener;

	do {
		listener = (int)syscall(SYS_pidfd_getfd, pidfd, LISTENER, 0);
	} while (listener < 0 && errno == EBADF);
	return listener;
}

/*
 * @loader: where the program's first call came from, which is one of the dynamic loader. Not
 * brk(), which never returns an error.
 */
static bool is_counted(const struct seccomp_notif *call, pid_t pid, uint64_t loader)
{
	const uint64_t from = call->data.instruction_pointer;

	return (pid_t)call->pid == pid && call->data.nr != SYS_exit &&
	       call->data.nr != SYS_exit_group && call->data.nr != SYS_rt_sigreturn &&
	       call->data.nr != SYS_brk &&
	       (from > loader ? from - loader : loader - from) > LOADER_SIZE;
}

static void tell(int names_fd, int number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			dprintf(names_fd, "%s\n", names[i].name);
}

/* Returns whether the N-th call has come. */
static bool answer_calls(int listener, pid_t pid, long wanted, int error, int names_fd)
{
	struct pollfd poll_fd = { .fd = listener, .events = POLLIN };
	uint64_t loader = 0;
	bool found = false;

	for (;;) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		int n = poll(&poll_fd, 1, TIME_LIMIT_MS);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			kill(pid, SIGKILL);
			exit(HANGS);
		}
		if (!(poll_fd.revents & POLLIN))
			return found;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
			continue; /* it was interrupted meanwhile */
		answer.id = call.id;
		if (!loader)
			loader = call.data.nr == SYS_execve ? 0 : call.data.instruction_pointer;
		else if (is_counted(&call, pid, loader) && !--wanted) {
			found = true;
			tell(names_fd, call.data.nr);
			answer.flags = 0;
			answer.error = -error;
		}
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* Becomes the command. */
static void __attribute__((noreturn)) run(char **command)
{
	if (new_listener() != LISTENER)
		die("the listener");
	execv(command[0], command);
	die(command[0]);
}

int main(int argc, char **argv)
{
	int status, pidfd, listener, names_fd = fcntl(3, F_DUPFD_CLOEXEC, 10);
	long wanted = argc > 3 ? atol(argv[1]) : 0;
	bool found;
	pid_t pid;

	if (wanted < 1 || names_fd < 0) {
		fputs("usage: failing N ERROR COMMAND... 3>FILE\n", stderr);
		return BROKEN;
	}
	close(3);
	pid = fork();
	if (!pid)
		run(argv + 3);
	pidfd = pidfd_open(pid, 0);
	if (pid < 0 || pidfd < 0)
		die("the command's process");
	listener = take_listener(pidfd);
	if (listener < 0)
		die("the listener");
	found = answer_calls(listener, pid, wanted, atoi(argv[2]), names_fd);
	if (waitpid(pid, &status, 0) != pid)
		die("waiting");
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return found ? WEXITSTATUS(status) : TOO_FEW;
}
