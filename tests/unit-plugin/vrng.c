// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests which tasks have the virtio-rng driver's counter mapped or open. Two file systems stand in
 * for the sysfs of two network namespaces, and other file systems stand in for those of a hostile
 * container. Linked with --wrap=fstatfs and --wrap=readdir.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "vrng.h"

#define FILE_NAME "/virtio_rng.0/vm_gen_counter"

static dev_t sysfs[2], silent[4];
static int crius[2]; /* a pipe that stands in for criu's descriptors */

int __real_fstatfs(int fd, struct statfs *system);
int __wrap_fstatfs(int fd, struct statfs *system);

int __wrap_fstatfs(int fd, struct statfs *system)
{
	struct stat stat;

	if (fstat(fd, &stat) || __real_fstatfs(fd, system))
		return -1;
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (stat.st_dev == silent[i]) {
			if (fcntl(crius[1], F_GETFD) >= 0 && write(crius[1], "", 1) != 1)
				abort();
			pause();
		}
	if (stat.st_dev == sysfs[0] || stat.st_dev == sysfs[1])
		system->f_type = SYSFS_MAGIC;
	return 0;
}

struct dirent *__real_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder);
static int broken; /* which call of readdir() fails: 1 is the next one */

struct dirent *__wrap_readdir(DIR *folder)
{
	if (!broken || --broken)
		return __real_readdir(folder);
	errno = EIO;
	return NULL;
}

static void must(bool good)
{
	if (!good) {
		perror("# cannot prepare the test");
		abort();
	}
}

/* Mounts a file system that has the file at this path. The inode numbers are always the same. */
static dev_t make(const char *folder, const char *name)
{
	char path[256];
	struct stat stat;
	int fd;

	must(!mkdir(folder, 0755) && !mount("x", folder, "tmpfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/virtio_rng.0", folder);
	must(!mkdir(path, 0755));
	snprintf(path, sizeof(path), "%s%s", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	must(fd >= 0 && !ftruncate(fd, 4096) && !fstat(fd, &stat) && !close(fd));
	return stat.st_dev;
}

static volatile sig_atomic_t children;

static void on_child(int number)
{
	(void)number;
	children++;
}

/* Looks at a child that has the file mapped or open. Returns what the plugin finds. */
static int used(const char *path, bool mapped)
{
	pid_t pid = fork();
	int result;

	must(pid >= 0);
	if (!pid) {
		int fd = open(path, O_RDONLY);

		must(fd >= 0);
		must(!mapped ||
		     (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED && !close(fd)));
		raise(SIGSTOP);
		_exit(0);
	}
	must(waitpid(pid, NULL, WUNTRACED) == pid);
	signal(SIGCHLD, on_child);
	result = sysgenid_vrng_used(pid);
	signal(SIGCHLD, SIG_DFL);
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
	return result;
}

static void gives(const char *path, int expected, const char *name)
{
	int result = used(path, true);

	if (!ok(result == expected, "%s", name))
		printf("# %s: %d\n", path, result);
}

/* There are more tasks than file systems that the plugin may ask. */
static void test_many(void)
{
	int result = 0;

	for (int i = 0; i < 300 && !result; i++)
		result = used("/run/alike" FILE_NAME, true);
	if (!ok(!result, "300 tasks that have the same other file mapped can be dumped"))
		printf("# %d\n", result);
}

static void test_open(void)
{
	ok(used(SYSGENID_VRNG_DIRECTORY FILE_NAME, false) == 1, "the driver's file, open only");
	ok(used("/run/netns/another-name", false) == 1, "the same in another sysfs, open only");
	ok(used("/run/alike" FILE_NAME, false) == 0, "one on another file system, open only");
	ok(used("/proc/self/exe", false) == 0, "another file, open only");
}

/* An error is not the end of a folder: what comes after it could be the driver's file. */
static void test_broken(void)
{
	const int before = 4; /* ".", "..", the device, and the end */

	broken = 1;
	ok(used(SYSGENID_VRNG_DIRECTORY FILE_NAME, true) == -EIO,
	   "the driver's folder cannot be read");
	broken = before + 1;
	ok(used(SYSGENID_VRNG_DIRECTORY FILE_NAME, false) == -EIO,
	   "a task's folder of descriptors cannot be read");
	broken = 0;
}

static void test_silent(void)
{
	const time_t began = time(NULL);
	char byte;

	must(!pipe2(crius, O_NONBLOCK));

	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
		char folder[32];

		snprintf(folder, sizeof(folder), "/run/silent%zu", i);
		silent[i] = make(folder, FILE_NAME);
	}
	gives("/run/silent0" FILE_NAME, 0,
	      "a file system whose server does not answer is not sysfs");
	gives("/run/silent1" FILE_NAME, 0, "nor a second one");
	gives("/run/silent2" FILE_NAME, 0, "nor a third");
	gives("/run/silent2" FILE_NAME, 0, "nobody is asked twice");
	gives("/run/silent3" FILE_NAME, -ETIME, "more of them are refused");
	ok(time(NULL) - began < 20, "and nobody waits for long");
	ok(read(crius[0], &byte, 1) < 0 && errno == EAGAIN,
	   "who waits for an answer has none of criu's descriptors");
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "no process is left");
}

int main(void)
{
	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, "mode=755")) {
		puts("1..0 # SKIP a /run of its own can only be mounted by root");
		return 0;
	}
	gives("/proc/self/exe", 0, "without the driver no task has its file");
	sysfs[0] = make(SYSGENID_VRNG_DIRECTORY, FILE_NAME);
	sysfs[1] = make("/run/netns", "/another-name");
	make("/run/alike", FILE_NAME);
	gives(SYSGENID_VRNG_DIRECTORY FILE_NAME, 1, "the driver's file");
	gives("/run/netns/another-name", 1, "the same in another sysfs, whatever its path");
	gives("/run/alike" FILE_NAME, 0,
	      "a file with its path and inode number on another file system is another one");
	gives("/proc/self/exe", 0, "so is any other");
	test_many();
	test_open();
	test_broken();
	test_silent();
	ok(!children, "no handler of SIGCHLD, as criu has one, sees those that ask");
	sysfs[0] = 0;
	gives(SYSGENID_VRNG_DIRECTORY FILE_NAME, 0,
	      "a folder that is not in sysfs is not the driver's");
	return done_testing();
}
