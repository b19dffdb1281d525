// SPDX-License-Identifier: GPL-2.0-only
/* A task that cannot be inspected fails the dump; a task that is gone does not. Uses --wrap. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include "criu_abi.h"
#include "image.h"
#include "inspect.h"
#include "log.h"
#include "messages.h"
#include "tap.h"
#include "counterfile-find.h"
#include "counterfile-registry.h"

#define FOLDER SYSGENID_REGISTRY "/one"
#define COUNTER FOLDER "/" SYSGENID_REGISTRY_FILE

/* An open of a path that ends with failing fails with the error failure. */
static const char *failing = "";
static int failure;

/* How often a counter file was opened: in all, and with the risk of having to wait for a lease. */
static int opened, waited;

static bool fails(const char *path)
{
	size_t length = strlen(path), end = strlen(failing);

	if (!end || length < end || strcmp(path + length - end, failing))
		return false;
	errno = failure;
	return true;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap___openat_2(int folder, const char *path, int flags);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);

int __wrap_open(const char *path, int flags, ...)
{
	return fails(path) ? -1 : __real_open(path, flags);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
	if (!strcmp(path, COUNTER)) {
		opened++;
		waited += !(flags & O_NONBLOCK);
	}
	return fails(path) ? -1 : __real_openat(folder, path, flags);
}

/* What openat() becomes where the compiler does not know its flags. */
int __wrap___openat_2(int folder, const char *path, int flags)
{
	return __wrap_openat(folder, path, flags);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	return fails(path) ? NULL : __real_fopen(path, mode);
}

DIR *__wrap_opendir(const char *path)
{
	return fails(path) ? NULL : __real_opendir(path);
}

/* criu's log is standard error here, so an error is written to it once and not twice. */
unsigned int log_get_fd(void)
{
	return STDERR_FILENO;
}

static struct sysgenid_findings findings;

static void forget_findings(void)
{
	sysgenid_findings_free(&findings);
	findings = (struct sysgenid_findings){ .pid_namespace = -1 };
}

/* Inspects this process while paths that end with end cannot be opened. */
static int inspect(const char *end, int error)
{
	SysgenidImage *image = sysgenid_image_new();
	int result;

	forget_findings();
	forget_messages();
	failing = end;
	failure = error;
	sysgenid_counterfiles_forget();
	result = sysgenid_inspect(getpid(), image, &findings);
	failing = "";
	sysgenid_image_free(image);
	return result;
}

static void is_told(const char *end, int error, const char *told)
{
	ok(inspect(end, error) == -error, "%s cannot be opened: %s fails the dump", end,
	   strerrorname_np(error));
	contains(messages, told, "... and it is told what cannot be found out");
}

static void is_gone(const char *end, int error)
{
	if (!ok(!inspect(end, error) && !strstr(messages, "Error"),
		"%s cannot be opened: %s says that the task is gone", end, strerrorname_np(error)))
		printf("# %s\n", messages);
}

/* Makes a counter file in a /run that only this process sees, mounts it, and opens it. */
static bool have_counter(int *opened_file)
{
	struct sysgenid_page page = { .generation = 9,
				      .magic = SYSGENID_PAGE_MAGIC,
				      .version = SYSGENID_PAGE_VERSION };
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, "mode=755"))
		return false;
	umask(022);
	if (mkdir("/run/sysgenid", 0755) || mkdir(SYSGENID_REGISTRY, 0755) || mkdir(FOLDER, 0755))
		abort();
	fd = open(COUNTER, O_RDWR | O_CREAT | O_EXCL, 0644);
	if (fd < 0 || write(fd, &page, sizeof(page)) != sizeof(page) ||
	    ftruncate(fd, sysconf(_SC_PAGESIZE)) || mknod("/run/mount", S_IFREG | 0644, 0) ||
	    mount(COUNTER, "/run/mount", NULL, MS_BIND, NULL))
		abort();
	*opened_file = fd;
	return true;
}

static void test_task(void)
{
	is_told("/status", EMFILE, "which number in its PID namespace");
	is_gone("/status", ENOENT);
	is_gone("/status", ESRCH);
	is_told("/ns/pid", EMFILE, "which PID namespace");
	is_told("/ns/pid", ENOMEM, "Cannot allocate memory");
	is_gone("/ns/pid", ENOENT);
}

static void set_generation(uint32_t generation)
{
	int fd = __real_open(COUNTER, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, &generation, sizeof(generation), 0) != sizeof(generation))
		abort();
	close(fd);
}

/*
 * A dump opens a counter file once only: the root of a container can make each open of the
 * container's file wait, by a lease.
 */
static void test_read_once(void)
{
	SysgenidImage *image = sysgenid_image_new();
	uint32_t before;

	forget_findings();
	ok(!sysgenid_inspect(getpid(), image, &findings), "a first task has a counter file");
	before = image->file_mark;
	set_generation(before + 5);
	ok(!sysgenid_inspect(getpid(), image, &findings) && image->file_mark == before,
	   "for a second task the file is not read again");
	forget_findings();
	ok(!sysgenid_inspect(getpid(), image, &findings) && image->file_mark == before + 5,
	   "control: in another dump it is");
	set_generation(before);
	sysgenid_image_free(image);
}

/* Runs in a child: takes a lease on the counter file, gives it up when asked, takes it again. */
static void __attribute__((noreturn)) hold_lease(int ready)
{
	int fd = __real_open(COUNTER, O_RDWR | O_CLOEXEC), signal;
	sigset_t asked;

	sigemptyset(&asked);
	sigaddset(&asked, SIGIO);
	if (fd < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) || sigprocmask(SIG_BLOCK, &asked, NULL) ||
	    fcntl(fd, F_SETLEASE, F_WRLCK) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		if (sigwait(&asked, &signal) || fcntl(fd, F_SETLEASE, F_UNLCK))
			_exit(1);
		/* In use: EAGAIN. */
		while (fcntl(fd, F_SETLEASE, F_WRLCK))
			if (errno != EAGAIN)
				_exit(1);
	}
}

static pid_t start_holder(void)
{
	int ready[2];
	pid_t child;
	char byte;

	if (pipe(ready))
		abort();
	child = fork();
	if (!child)
		hold_lease(ready[1]);
	close(ready[1]);
	if (child < 0 || read(ready[0], &byte, 1) != 1)
		abort();
	close(ready[0]);
	return child;
}

/* Inspects that many tasks in one dump, and counts how often their counter file is opened. */
static bool inspect_many(int tasks)
{
	SysgenidImage *image = sysgenid_image_new();
	bool good = true;

	forget_findings();
	opened = waited = 0;
	sysgenid_counterfiles_forget();
	for (int i = 0; i < tasks; i++)
		good &= !sysgenid_inspect(getpid(), image, &findings);
	good &= sysgenid_findings_have_file(&findings);
	sysgenid_image_free(image);
	return good;
}

/*
 * A holder of a lease can make each open wait for fs.lease-break-time, so opens are counted. The
 * file is mounted, and open nowhere else: the kernel gives no lease on a file that is open.
 */
static void test_lease(void)
{
	pid_t holder;

	ok(inspect_many(20) && opened == 1 && waited == 0,
	   "20 tasks have a counter file: it is opened once, and without waiting");
	holder = start_holder();
	if (!ok(inspect_many(20) && opened == 2 && waited == 1,
		"somebody holds a lease on it again and again: one open waits, for all tasks"))
		printf("# %d opens, %d could wait\n", opened, waited);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	forget_findings();
}

/* A file that no restore would raise. */
static void test_unusable(void)
{
	if (link(COUNTER, "/run/second"))
		abort();
	ok(inspect("", 0) < 0, "a counter file with a second name fails the dump");
	contains(messages, COUNTER ", which no restore could raise: it has a second name",
		 "... and it is told why");
	if (unlink("/run/second"))
		abort();
	ok(!inspect("", 0) && sysgenid_findings_have_file(&findings),
	   "control: with one name it is found");
}

static void test_counter(void)
{
	char mounts[64];

	ok(!inspect("", 0) && sysgenid_findings_have_file(&findings), "a counter file is found");
	test_read_once();
	test_unusable();
	snprintf(mounts, sizeof(mounts), "%d/mountinfo", getpid());
	is_told(mounts, EMFILE, "which counter files");
	is_gone(mounts, EINVAL);
	is_told("self/mountinfo", EMFILE, "which counter files");
	is_told("/maps", EMFILE, "which counter files");
	is_gone("/maps", ESRCH);
	is_told("/fd", ENOMEM, "which counter files");
	is_told(SYSGENID_REGISTRY, ENFILE, "cannot look into " SYSGENID_REGISTRY);
	ok(!inspect(SYSGENID_REGISTRY, ENOENT) && !sysgenid_findings_have_file(&findings),
	   "without a registry there is none");
	is_told("one", EMFILE, "which counter files");
	ok(inspect("one", ENOENT) < 0,
	   "its folder has just gone: the file is still mounted, and fails the dump");
	contains(messages, "does not have it here",
		 "... and it is told that the file is not there");
}

int main(void)
{
	int fd;

	test_task();
	if (geteuid() || !have_counter(&fd)) {
		skip("counter files", "a /run of its own can only be mounted by root");
		return done_testing();
	}
	test_counter();
	close(fd);
	test_lease();
	return done_testing();
}
