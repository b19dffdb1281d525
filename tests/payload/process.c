// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "process.h"
#include "tap.h"

#define USER_ID 1000
#define PATIENCE_MS 10000 /* for what must happen */
#define MOMENT_MS 50	  /* ms in which a sleeper must not come back */

void sleeper_start(struct sleeper *sleeper, long (*body)(int fd), int fd)
{
	int ends[2];

	must(pipe(ends) == 0);
	sleeper->pid = fork();
	must(sleeper->pid >= 0);
	if (!sleeper->pid) {
		long result;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		result = body(fd);
		_exit(write(ends[1], &result, sizeof(result)) != sizeof(result));
	}
	close(ends[1]);
	sleeper->pipe = ends[0];
}

static bool came_back(struct sleeper *sleeper, int wait_ms)
{
	struct pollfd wait = { .fd = sleeper->pipe, .events = POLLIN };

	return poll(&wait, 1, wait_ms) == 1;
}

static char state_of(pid_t pid)
{
	char path[64], line[512];
	const char *end;
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	size = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[size] = 0;
	end = strrchr(line, ')');
	return end ? end[2] : 0;
}

/*
 * Is it switched away, and not only about to be? Then that is counted in its switches already: the
 * kernel takes the lock of the task's processor before it tells in which system call the task
 * sleeps, or that it is "running" (proc(5), syscall). Told to root only.
 */
static bool has_left_cpu(pid_t pid)
{
	char path[64], first = 'r';
	int fd;

	if (geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && read(fd, &first, 1) == 1);
	close(fd);
	return first != 'r';
}

bool sleeper_asleep(struct sleeper *sleeper)
{
	long long end = now_ms() + PATIENCE_MS;

	while (now_ms() < end) {
		if (state_of(sleeper->pid) == 'S' && has_left_cpu(sleeper->pid))
			return true;
		if (came_back(sleeper, 2))
			return false;
	}
	return false;
}

bool sleeper_still_asleep(struct sleeper *sleeper)
{
	return !came_back(sleeper, MOMENT_MS) && state_of(sleeper->pid) == 'S';
}

long sleeper_result(struct sleeper *sleeper)
{
	long result = NEVER;

	if (came_back(sleeper, PATIENCE_MS) &&
	    read(sleeper->pipe, &result, sizeof(result)) != sizeof(result))
		result = NEVER;
	sleeper_end(sleeper);
	return result;
}

void sleeper_end(struct sleeper *sleeper)
{
	kill(sleeper->pid, SIGKILL);
	waitpid(sleeper->pid, NULL, 0);
	close(sleeper->pipe);
}

long sleeper_switches(struct sleeper *sleeper)
{
	static const char word[] = "voluntary_ctxt_switches:";
	char path[64], line[256];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", sleeper->pid);
	file = fopen(path, "re");
	must(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, word, sizeof(word) - 1) == 0)
			number = strtol(line + sizeof(word) - 1, NULL, 10);
	}
	fclose(file);
	must(number >= 0);
	return number;
}

/* 255 stands for a child that did not get as far as body(). */
static int run(void (*prepare)(uint64_t), uint64_t what, int (*body)(long), long arg)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prepare(what);
		_exit(body(arg));
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void need(bool condition)
{
	if (!condition) {
		perror("preparing a child");
		_exit(255);
	}
}

void become_user(uint64_t capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t permitted;

	need(syscall(SYS_capget, &header, data) == 0);
	permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	capabilities &= permitted;
	data[0] = (struct __user_cap_data_struct){ .permitted = capabilities,
						   .effective = capabilities };
	data[1] = (struct __user_cap_data_struct){ .permitted = capabilities >> 32,
						   .effective = capabilities >> 32 };
	need(setgroups(0, NULL) == 0);
	need(prctl(PR_SET_KEEPCAPS, 1) == 0);
	need(setresgid(USER_ID, USER_ID, USER_ID) == 0);
	need(setresuid(USER_ID, USER_ID, USER_ID) == 0);
	need(syscall(SYS_capset, &header, data) == 0);
	/* Without this a process that changed its user may not read its own /proc files. */
	need(prctl(PR_SET_DUMPABLE, 1) == 0);
}

int as_user(int (*body)(long arg), long arg)
{
	return run(become_user, 0, body, arg);
}

int with_capabilities(uint64_t mask, int (*body)(long arg), long arg)
{
	return run(become_user, mask, body, arg);
}

long own_namespace(void)
{
	struct stat status;

	must(stat("/proc/self/ns/pid", &status) == 0);
	return (long)status.st_ino;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	need(fd >= 0);
	need(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void enter_namespace(uint64_t flags)
{
	need(unshare((int)flags) == 0);
	if (flags & CLONE_NEWUSER) {
		write_file("/proc/self/setgroups", "deny");
		write_file("/proc/self/uid_map", "0 0 1");
		write_file("/proc/self/gid_map", "0 0 1");
		need(setresuid(0, 0, 0) == 0);
	}
}

int in_namespace(int flags, int (*body)(long arg), long arg)
{
	return run(enter_namespace, (unsigned int)flags, body, arg);
}

long cgroup_charge(const char *cgroup)
{
	char path[256], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	file = fopen(path, "re");
	must(file && fgets(text, sizeof(text), file));
	fclose(file);
	return strtol(text, NULL, 10);
}
