// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a user without privileges cannot do to others. To be run as root.
 * usage: unprivileged limits CGROUP | unprivileged waits
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "genl.h"
#include "process.h"
#include "tap.h"

#define LIMIT_SECONDS 100
#define FILES 30000
#define SMALLEST                                                                                   \
	48 /* bytes that a file of ours takes at least; what it is on its own is for all files */

static int try_triggers(long unused)
{
	int fd = device_open(O_RDWR);
	struct genl_reply reply;
	struct genl genl;

	(void)unused;
	if (ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) != -1 || errno != EACCES)
		return 1;
	if (genl_open(&genl) || genl_ask(&genl, SYSGENID_CMD_TRIGGER, NULL, &reply) ||
	    reply.error != EPERM)
		return 2;
	return 0;
}

static int try_writes(long unused)
{
	int fd = device_open(O_RDWR), memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	const volatile struct sysgenid_page *page = device_map(fd);
	uint32_t value = 12345;

	(void)unused;
	if (mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
		return 1;
	if (mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) != -1)
		return 2;
	if (memory < 0 || pwrite(memory, &value, 4, (off_t)(uintptr_t)page) != -1)
		return 3;
	return write(fd, &value, 4) != -1 ? 4 : 0;
}

static int open_until_refused(long limit)
{
	const struct rlimit files = { (rlim_t)limit, (rlim_t)limit };
	long opened = 0;

	if (setrlimit(RLIMIT_NOFILE, &files))
		return 255;
	while (open(SYSGENID_DEVICE, O_RDWR | O_CLOEXEC) >= 0)
		opened++;
	/* Some are open already. */
	return errno == EMFILE && opened <= limit - 3 && opened > limit / 2 ? 0 : errno;
}

static void open_many(const char *device, int *fds)
{
	for (int i = 0; i < FILES; i++) {
		fds[i] = open(device, O_RDWR | O_CLOEXEC);
		must(fds[i] >= 0);
	}
}

static void close_many(const int *fds)
{
	for (int i = 0; i < FILES; i++)
		close(fds[i]);
}

static bool falls_below(const char *cgroup, long bytes)
{
	long long end = now_ms() + 20000;

	/* Files are freed a while after they were closed. */
	while (cgroup_charge(cgroup) >= bytes) {
		if (now_ms() > end)
			return false;
		pause_ms(10);
	}
	return true;
}

static void test_charge(const char *cgroup)
{
	const struct rlimit files = { 2 * FILES + 100, 2 * FILES + 100 };
	static int fds[FILES], others[FILES];
	long before, other, ours;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = fopen(path, "we");
	must(file && fprintf(file, "%d\n", getpid()) > 0 && fclose(file) == 0);
	must(setrlimit(RLIMIT_NOFILE, &files) == 0);
	become_user(0);
	/* The first time is for the table of descriptors, which stays. */
	must(dup2(0, 2 * FILES + 50) >= 0 && close(2 * FILES + 50) == 0);
	before = cgroup_charge(cgroup);
	open_many(SYSGENID_DEVICE, fds);
	ours = cgroup_charge(cgroup) - before;
	/* Nothing is closed before it is counted: what is freed is there to be used again. */
	open_many("/dev/zero", others);
	other = cgroup_charge(cgroup) - before - ours;
	tap_diag("%d files: %ld bytes charged for /dev/zero, %ld for %s", FILES, other, ours,
		 SYSGENID_DEVICE);
	tap_ok(ours - other >= (long)FILES * SMALLEST, "what the kernel keeps for an open file is "
						       "charged to the memory cgroup of its user");
	close_many(fds);
	tap_ok(falls_below(cgroup, before + other + ours / 4),
	       "and given back when the files are closed");
	close_many(others);
}

static void test_limits(const char *cgroup)
{
	uint32_t before = generation();

	tap_is(as_user(try_triggers, 0), 0,
	       "a user cannot trigger, neither by ioctl nor by netlink");
	tap_is(as_user(try_writes, 0), 0,
	       "a user cannot write the page, neither mapped nor by a debugger's way");
	tap_is(generation(), before, "and the generation is what it was");
	tap_is(as_user(open_until_refused, 64), 0,
	       "a user has as many files as the limit of descriptors allows");
	test_charge(cgroup);
}

/* Changes the count of watchers in every way that a user can, as fast as possible. */
static void make_noise(void)
{
	int fd, twin;

	become_user(0);
	for (;;) {
		fd = device_open(O_RDWR);
		ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1);
		for (int i = 0; i < 100; i++) {
			ioctl(fd, SYSGENID_MARK_OUTDATED, 0);
			acknowledge(fd, generation());
		}
		twin = dup(fd);
		device_close(fd);
		device_close(twin);
	}
}

static pid_t start(void (*body)(void))
{
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid)
		body();
	return pid;
}

static void never_acknowledge(void)
{
	int fd;

	become_user(0);
	fd = device_open(O_RDWR);
	ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1);
	pause();
}

static void wait_limited(int fd, int limit, const char *against)
{
	long long from = now_ms();
	long took;

	fails(ioctl(fd, SYSGENID_WAIT_WATCHERS, limit), ETIME,
	      "a wait of %d ms ends with ETIME against %s", limit, against);
	took = (long)(now_ms() - from);
	/* A timer of the kernel may be early by a part of a jiffy, which is 4 ms. */
	tap_ok(took >= limit - 5 && took < limit + 3000, "in time against %s: it took %ld ms",
	       against, took);
}

static void test_waits(void)
{
	int fd, noises = (int)sysconf(_SC_NPROCESSORS_ONLN) + 1;
	long long end = now_ms() + 10000;
	pid_t silent, noise[16];

	must(noises <= 16);
	silent = start(never_acknowledge);
	while (sysfs_number("watchers") != 1 && now_ms() < end)
		pause_ms(1);
	trigger(0);
	tap_is(sysfs_number("outdated"), 1, "a user's file is tracked and never acknowledges");
	fd = device_open(O_RDWR);
	wait_limited(fd, 200, "a user who never acknowledges");
	for (int i = 0; i < noises; i++)
		noise[i] = start(make_noise);
	for (int i = 0; i < 3; i++)
		wait_limited(fd, 700, "users who change the account all the time");
	for (int i = 0; i < noises; i++) {
		kill(noise[i], SIGKILL);
		waitpid(noise[i], NULL, 0);
	}
	tap_is(sysfs_number("watchers"), 1,
	       "nothing is left in the account of users who were killed meanwhile");
	kill(silent, SIGKILL);
	waitpid(silent, NULL, 0);
	tap_is(sysfs_number("watchers"), 0, "nor of the one who never acknowledged");
	tap_is(ioctl(fd, SYSGENID_WAIT_WATCHERS, 0), 0, "and a wait without limit returns at once");
}

int main(int argc, char **argv)
{
	time_limit(LIMIT_SECONDS);
	device_setup();
	if (argc == 3 && strcmp(argv[1], "limits") == 0)
		test_limits(argv[2]);
	else if (argc == 2 && strcmp(argv[1], "waits") == 0)
		test_waits();
	else
		tap_bail("usage: unprivileged limits CGROUP | unprivileged waits");
	return tap_done();
}
