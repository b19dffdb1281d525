// SPDX-License-Identifier: GPL-2.0-only
/* Stopped tasks whose tracer ends: they run, unless they are held. */
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold.h"
#include "tap.h"

static int go[2], ran[2], told[2];

static void must(bool good)
{
	if (!good)
		abort();
}

/* Says that it runs when it may. */
static void __attribute__((noreturn)) task(void)
{
	char byte;

	must(read(go[0], &byte, 1) == 1 && write(ran[1], &byte, 1) == 1);
	_exit(0);
}

static void stop(pid_t pid)
{
	must(!ptrace(PTRACE_SEIZE, pid, 0, 0) && !ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	must(waitpid(pid, NULL, __WALL) == pid);
}

/* A task, and a child of it. */
static void __attribute__((noreturn)) tracer(int (*hold)(pid_t pid))
{
	pid_t pid = fork(), child;

	must(pid >= 0);
	if (!pid) {
		child = fork();
		if (!child)
			task();
		must(child > 0 && write(told[1], &child, sizeof(child)) == sizeof(child));
		task();
	}
	must(read(told[0], &child, sizeof(child)) == sizeof(child));
	stop(pid);
	stop(child);
	must(!hold(pid) && write(go[1], "12", 2) == 2);
	_exit(0);
}

/* Returns how many of two tasks have run. */
static int run(int (*hold)(pid_t pid))
{
	char byte;
	int n = 0, status;
	pid_t pid;

	must(!pipe(go) && !pipe(ran) && !pipe(told));
	pid = fork();
	if (!pid)
		tracer(hold);
	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	must(!close(ran[1]));
	while (read(ran[0], &byte, 1) == 1)
		n++;
	must(!close(ran[0]) && !close(go[0]) && !close(go[1]) && !close(told[0]) &&
	     !close(told[1]));
	return n;
}

static int hold_none(pid_t pid)
{
	(void)pid;
	return 0;
}

static int hold_one(pid_t pid)
{
	return sysgenid_hold_tasks(pid, false);
}

static int hold_all(pid_t pid)
{
	return sysgenid_hold_tasks(pid, true);
}

static int hold_and_release(pid_t pid)
{
	int error = sysgenid_hold_tasks(pid, true);

	sysgenid_release_task(pid);
	return error;
}

int main(void)
{
	ok(run(hold_none) == 2, "control: tasks run if their tracer ends");
	ok(run(hold_all) == 0, "a task that is held does not, nor a descendant of it");
	ok(run(hold_one) == 1, "one is held without its descendants");
	ok(run(hold_and_release) == 1, "and one that is released runs again");
	ok(sysgenid_hold_tasks(getpid(), true) == 0, "a task of another tracer is left alone");
	return done_testing();
}
