// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests which counter a restored task moves and how far, and which tasks must not run. /dev/zero
 * stands in for the device, and functions in this file stand in for the module. Linked with
 * --wrap=ioctl, --wrap=read and --wrap=pread.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsysgenid.h>
#include <linux/sysgenid.h>

#include "criu_abi.h"
#include "log.h"
#include "messages.h"
#include "module.h"
#include "pidns.h"
#include "raise.h"
#include "refuse.h"
#include "restore-files.h"
#include "tap.h"

#define NODE "/dev/zero"
#define CONTAINERS 4026532000u

static struct sysgenid_device device = { .state = SYSGENID_DEVICE_KNOWN };
/* The counter as a task sees it. */
static struct {
	uint32_t domain, generation;
	unsigned int flags; /* of the last request over netlink */
	bool by_ioctl, by_netlink;
} counter;

static void set_counter(uint32_t domain, uint32_t generation)
{
	counter = (typeof(counter)){ .domain = domain, .generation = generation };
	forget_messages();
}

static bool is_counter(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && sysgenid_device_is(&device, &stat);
}

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __real_pread(int fd, void *data, size_t size, off_t at);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t at);
int __wrap_ioctl(int fd, unsigned long request, unsigned long argument);

ssize_t __wrap_read(int fd, void *data, size_t size)
{
	if (!is_counter(fd))
		return __real_read(fd, data, size);
	memcpy(data, &counter.generation, sizeof(counter.generation));
	return sizeof(counter.generation);
}

/* Of a view. */
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t at)
{
	if (!is_counter(fd))
		return __real_pread(fd, data, size, at);
	memcpy(data, &counter.generation, sizeof(counter.generation));
	return sizeof(counter.generation);
}

int __wrap_ioctl(int fd, unsigned long request, unsigned long argument)
{
	if (!is_counter(fd))
		abort();
	if (request == SYSGENID_TRIGGER_GEN_UPDATE) {
		counter.by_ioctl = true;
		counter.generation = (uint32_t)argument;
	}
	return 0;
}

int sysgenid_module_domain(uint32_t *domain, struct sysgenid_reason *why)
{
	(void)why;
	*domain = counter.domain;
	return 0;
}

/* Limits how far the system's counter moves, as the kernel does. */
int sysgenid_module_trigger(int pid_namespace, uint32_t min, unsigned int flags,
			    struct sysgenid_device *found, uint32_t *generation,
			    struct sysgenid_reason *why)
{
	(void)found;
	counter.flags = flags;
	if (pid_namespace >= 0)
		abort();
	if (min > counter.generation + SYSGENID_MAX_JUMP && !(flags & SYSGENID_TRIGGER_FORCE)) {
		strcpy(why->text, "absurdly far");
		return -ERANGE;
	}
	counter.by_netlink = true;
	*generation = counter.generation = min;
	return 0;
}

void sysgenid_module_close(void)
{
}

/* criu's log is standard error here, so an error is written to it once and not twice. */
unsigned int log_get_fd(void)
{
	return STDERR_FILENO;
}

static SysgenidImage *new_image(uint32_t mark)
{
	SysgenidImage *image = sysgenid_image_new();

	if (!image || sysgenid_image_add_mapping(image, NODE, false))
		abort();
	image->counter_required = true;
	image->has_mark = true;
	image->mark = mark;
	return image;
}

/*
 * Calls sysgenid_mapping_check() in a child, since each restored task is a process of its own.
 * Returns the result, and 100 more if criu is to map something else than the path.
 */
static int restore_mapping(const SysgenidImage *image, const char *path)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		int fd = -1, result = sysgenid_mapping_check(path, image, &device, &fd);

		printf("# %d; generation %u, by ioctl %d, by netlink %d, flags %x\n", result,
		       counter.generation, counter.by_ioctl, counter.by_netlink, counter.flags);
		fflush(stdout);
		if (fd >= 0 && is_counter(fd))
			result += 100;
		_exit(result < 0	   ? 99
		      : counter.by_ioctl   ? 10 + result
		      : counter.by_netlink ? 20 + result
					   : result);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		abort();
	return WEXITSTATUS(status);
}

static void prepare(bool follow_any_mark)
{
	sysgenid_refuse_reset();
	if (sysgenid_raise_prepare(follow_any_mark))
		abort();
}

static void test_domain(void)
{
	SysgenidImage *image = new_image(4294967293u);

	image->own_pid_namespace = true;
	prepare(false);
	set_counter(CONTAINERS, 5);
	ok(restore_mapping(image, NODE) == 11, "a container's own counter follows any mark");
	set_counter(SYSGENID_PIDNS_SYSTEM, 5);
	ok(restore_mapping(image, NODE) == 99,
	   "the machine's does not, whatever the image says of the PID namespace");
	set_counter(0, 5);
	ok(restore_mapping(image, NODE) == 99, "nor does that of a module that has only one");
	image->mark = 1000;
	set_counter(SYSGENID_PIDNS_SYSTEM, 5);
	ok(restore_mapping(image, NODE) == 21, "it follows a good mark, by the way with a limit");
	set_counter(SYSGENID_PIDNS_SYSTEM, 1001);
	ok(restore_mapping(image, NODE) == 1, "and stays if it is above the mark");
	image->own_pid_namespace = false;
	image->other_pid_namespace = true;
	set_counter(SYSGENID_PIDNS_SYSTEM, 1001);
	ok(restore_mapping(image, NODE) == 21, "but for a shared namespace it moves");
	image->mark = 4294967293u;
	prepare(true);
	set_counter(SYSGENID_PIDNS_SYSTEM, 5);
	ok(restore_mapping(image, NODE) == 21, "follow-any-mark lifts the limit");
	sysgenid_image_free(image);
}

/* Starts a process that waits; apart: in a PID namespace of its own. */
static int enter(pid_t whose)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", whose);
	return setns(open(path, O_RDONLY), CLONE_NEWPID);
}

/* @beside: a process in whose PID namespace it is to be; 0: none */
static pid_t start_task_in(bool apart, pid_t beside)
{
	const int flags = apart ? CLONE_NEWPID : 0;
	pid_t pid = 0;
	int ends[2];

	if (pipe(ends))
		abort();
	if (!fork()) {
		if (beside ? enter(beside) : unshare(flags))
			_exit(1);
		pid = fork();
		if (!pid) {
			/* It must not outlive a failed test, nor keep the test's output open. */
			close(STDOUT_FILENO);
			close(STDERR_FILENO);
			alarm(60);
			for (;;)
				pause();
		}
		_exit(write(ends[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	close(ends[1]);
	if (__real_read(ends[0], &pid, sizeof(pid)) != sizeof(pid))
		pid = 0;
	close(ends[0]);
	wait(NULL);
	return pid;
}

static pid_t start_task(bool apart)
{
	return start_task_in(apart, 0);
}

static bool is_alive(pid_t pid)
{
	char path[64], state = 'X';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	if (file)
		fclose(file);
	return state != 'X' && state != 'Z';
}

static bool dies(pid_t pid)
{
	for (int i = 0; i < 1000 && is_alive(pid); i++)
		usleep(1000);
	return !is_alive(pid);
}

static void test_nobody_raised(void)
{
	SysgenidImage *image = new_image(5);
	pid_t pid = start_task(false);

	prepare(false);
	set_counter(CONTAINERS, 3);
	ok(restore_mapping(image, "/dev/null") == 0, "another device is not the counter");
	ok(sysgenid_raise_check(pid, image) && dies(pid),
	   "a task is killed if none has raised the counter that the image requires");
	contains(messages, "no restored task has asked for it", "... and the reason is logged");
	pid = start_task(false);
	prepare(false);
	set_counter(CONTAINERS, 3);
	free(image->mappings[0]);
	image->mappings[0] = strdup(NODE " (deleted)");
	ok(restore_mapping(image, NODE) == 11,
	   "the counter is raised although the image knows it by another path");
	ok(!sysgenid_raise_check(pid, image) && is_alive(pid), "... and then the tasks run");
	kill(pid, SIGKILL);
	sysgenid_image_free(image);
	image = sysgenid_image_new();
	pid = start_task(false);
	prepare(false);
	ok(image && !sysgenid_raise_check(pid, image) && is_alive(pid),
	   "who has no counter needs not raise it");
	kill(pid, SIGKILL);
	sysgenid_image_free(image);
}

/* Makes a /dev in which the view is a node with the number of /dev/zero. */
static bool make_dev(void)
{
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("dev", "/dev", "tmpfs", 0, "mode=755") &&
	       !mknod("/dev/vmclock0", S_IFCHR | 0444, makedev(1, 3)) &&
	       !mknod(SYSGENID_VIEW_DEVICE, S_IFCHR | 0444, makedev(1, 5));
}

static void test_clock(void)
{
	SysgenidImage *image = sysgenid_image_new();

	if (!image || sysgenid_image_add_mapping(image, "/dev/vmclock0", true))
		abort();
	image->counter_required = image->own_pid_namespace = image->has_mark = true;
	image->mark = 500;
	device.number = makedev(1, 9);
	device.view = makedev(1, 5);
	prepare(false);
	set_counter(CONTAINERS, 5);
	ok(restore_mapping(image, "/dev/vmclock0") == 99,
	   "control: a view whose path leads to another device is refused");
	image->hypervisors_clock = true;
	ok(restore_mapping(image, "/dev/vmclock0") == 111,
	   "what was the hypervisor's VMClock is the view at its usual path, raised");
	if (unlink("/dev/vmclock0"))
		abort();
	ok(restore_mapping(image, "/dev/vmclock0") == 111, "also where there is no such node");
	if (rename(SYSGENID_VIEW_DEVICE, "/dev/vmclock0"))
		abort();
	ok(restore_mapping(image, "/dev/vmclock0") == 11, "or the view at its own path");
	if (unlink("/dev/vmclock0"))
		abort();
	ok(restore_mapping(image, "/dev/vmclock0") == 99, "and is refused without a view");
	sysgenid_image_free(image);
}

/* In a process of its own: the first task of a restore counts. */
static void test_among_others(const SysgenidImage *image)
{
	pid_t first = start_task(true), second, child;
	int status = -1;

	if (!first) {
		skip("a task in a PID namespace of others", "only root can make one");
		return;
	}
	second = start_task_in(false, first);
	child = fork();
	if (!child) {
		forget_messages();
		_exit(sysgenid_raise_check(second, image) &&
		      strstr(messages, "the image may be forged"));
	}
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 1 && dies(second),
	   "a task is killed whose image says that its PID namespace is its own, among others");
	kill(first, SIGKILL);
}

static void test_namespace(void)
{
	SysgenidImage *image = sysgenid_image_new();
	pid_t pid = start_task(true);

	image->own_pid_namespace = true;
	prepare(false);
	test_among_others(image);
	if (!pid)
		skip("a task in a PID namespace of its own", "only root can make one");
	else
		ok(!sysgenid_raise_check(pid, image) && is_alive(pid),
		   "a task in a PID namespace of its own runs");
	if (pid)
		kill(pid, SIGKILL);
	pid = start_task(false);
	forget_messages();
	ok(sysgenid_raise_check(pid, image) && dies(pid),
	   "one that has none, while the image says so, is killed");
	contains(messages, "the image may be forged", "... and the reason is logged");
	sysgenid_image_free(image);
}

int main(void)
{
	device.number = makedev(1, 5);
	test_domain();
	test_nobody_raised();
	test_namespace();
	if (!geteuid() && make_dev())
		test_clock();
	else
		skip("the view in the place of the hypervisor's VMClock",
		     "needs a /dev of its own");
	return done_testing();
}
