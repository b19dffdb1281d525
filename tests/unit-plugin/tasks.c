// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restored tasks are killed and reaped, however long it takes them to end. Linked with
 * --wrap=waitpid and --wrap=nanosleep, so that a task does not end for a time that passes at once,
 * and with --wrap=readdir, which fails.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "messages.h"
#include "status.h"
#include "tap.h"
#include "tasks.h"

static pid_t first, frozen;
static int pauses, thaw_after; /* pauses */
static long slept_ms, last_ms;

/* One task counts as the first process of a PID namespace. */
pid_t sysgenid_inner_pid(pid_t pid)
{
	return pid == first ? 1 : 2;
}

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __real_nanosleep(const struct timespec *pause, struct timespec *left);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	return pid == frozen && pauses < thaw_after ? 0 : __real_waitpid(pid, status, options);
}

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	last_ms = pause->tv_sec * 1000 + pause->tv_nsec / 1000000;
	slept_ms += last_ms;
	return pauses++ < thaw_after ? 0 : __real_nanosleep(pause, left);
}

struct dirent *__real_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder);
static bool broken;

struct dirent *__wrap_readdir(DIR *folder)
{
	if (!broken)
		return __real_readdir(folder);
	errno = EIO;
	return NULL;
}

static pid_t start(void)
{
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (child < 0 || __real_waitpid(child, NULL, 0) != child)
		abort();
	return child;
}

/* Starts two tasks and kills them. One of them does not end for that many pauses. */
static void kill_two(int pauses_until_end)
{
	first = start();
	frozen = start();
	pauses = 0;
	slept_ms = 0;
	thaw_after = pauses_until_end;
	forget_messages();
	sysgenid_kill_tasks();
}

static void test_soon(void)
{
	kill_two(5);
	ok(pauses >= 5 && !messages[0], "tasks that end soon are waited for");
	ok(__real_waitpid(frozen, NULL, WNOHANG) < 0 && errno == ECHILD, "... and reaped");
	ok(__real_waitpid(first, NULL, 0) == first,
	   "... but not the first process of the PID namespace, which criu waits for");
}

static void test_frozen(void)
{
	kill_two(200);
	if (!ok(slept_ms > 60000 && last_ms >= 500,
		"a task that does not end is not looked for a thousand times a second"))
		printf("# %d pauses, %ld ms, the last one %ld ms\n", pauses, slept_ms, last_ms);
	ok(warnings == 1, "... there is one message");
	contains(messages, "not all of them end", "... that says what is waited for");
	ok(__real_waitpid(frozen, NULL, WNOHANG) < 0 && errno == ECHILD,
	   "... and it is reaped when it has ended");
	__real_waitpid(first, NULL, 0);
}

static void test_broken(void)
{
	const pid_t child = start();

	broken = true;
	ok(sysgenid_kill_tasks() == -EIO, "an error is not the end of the list of tasks");
	broken = false;
	kill(child, SIGKILL);
	__real_waitpid(child, NULL, 0);
}

int main(void)
{
	test_soon();
	test_frozen();
	test_broken();
	return done_testing();
}
