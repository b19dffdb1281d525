// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own fault injection, on the debug kernel: in each call the first allocation or copy
 * from or to user space fails, then the second, and so on until the call has no more of them,
 * whoever in the kernel makes it for the call. The call says so or copes with it, moves no
 * generation unless that is what it is for, and the same call succeeds afterwards.
 * usage: injected, as root in the initial PID namespace
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "genl.h"
#include "tap.h"

#define LIMIT_SECONDS 500
#define MOST_FAULTS 400
#define FAIL_NTH "/proc/thread-self/fail-nth"
#define GENERATION "/sys/class/misc/sysgenid/generation"

static struct genl family;
static int file; /* open, for the calls that need one */
static int nth_fd;
static bool netlink_answered;

/* The nth from now on fails; 0: none. */
static void arm(int nth)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%d", nth);

	must(pwrite(nth_fd, text, (size_t)size, 0) == size);
}

/* Returns whether it has happened. If not, the look may be what fails, or the write. */
static bool disarm(void)
{
	char text[16] = "";
	ssize_t size = pread(nth_fd, text, sizeof(text) - 1, 0);

	if (pwrite(nth_fd, "0", 1, 0) != 1)
		arm(0);
	return size > 0 && text[0] == '0';
}

static int number(long result)
{
	return result < 0 ? errno : 0;
}

static int open_and_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), error = errno;

	if (fd < 0)
		return error;
	close(fd);
	return 0;
}

static int call_open(void)
{
	return open_and_close(SYSGENID_DEVICE, O_RDWR);
}

static int read_all(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = errno;
	char text[PAGE];

	if (fd < 0)
		return error;
	error = number(read(fd, text, sizeof(text)));
	close(fd);
	return error;
}

static int call_view(void)
{
	return read_all(SYSGENID_VIEW_DEVICE);
}

static int call_sysfs(void)
{
	return read_all(GENERATION);
}

static int call_fdinfo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file);
	return read_all(path);
}

static int call_read(void)
{
	int error = number(ioctl(file, SYSGENID_MARK_OUTDATED, 0));
	uint32_t value;

	/* Outdated, so that there is something to read. */
	return error ? error : number(read(file, &value, sizeof(value)));
}

static int call_write(void)
{
	uint32_t value = generation();

	return number(write(file, &value, sizeof(value)));
}

static int call_poll(void)
{
	struct pollfd wait = { .fd = file, .events = POLLIN };

	return number(poll(&wait, 1, 0));
}

static int call_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(EPOLL_CLOEXEC), error = errno;

	if (fd < 0)
		return error;
	error = number(epoll_ctl(fd, EPOLL_CTL_ADD, file, &event));
	if (!error)
		error = number(epoll_wait(fd, &event, 1, 0));
	close(fd);
	return error;
}

static int call_map(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);

	if (page == MAP_FAILED)
		return errno;
	return number(munmap(page, PAGE));
}

static int call_track(void)
{
	int error = number(ioctl(file, SYSGENID_SET_WATCHER_TRACKING, 1));

	return error ? error : number(ioctl(file, SYSGENID_SET_WATCHER_TRACKING, 0));
}

static int call_trigger(void)
{
	return number(ioctl(file, SYSGENID_TRIGGER_GEN_UPDATE, 0));
}

static int ask(uint8_t command)
{
	struct genl_reply reply;
	int ret = genl_ask(&family, command, NULL, &reply);

	netlink_answered = !ret;
	return ret ? -ret : reply.error;
}

static int call_netlink_get(void)
{
	return ask(SYSGENID_CMD_GET);
}

static int call_netlink_trigger(void)
{
	return ask(SYSGENID_CMD_TRIGGER);
}

static int call_netlink_reseed(void)
{
	return ask(SYSGENID_CMD_RESEED);
}

static int call_netlink_open(void)
{
	struct genl own;
	int ret = genl_open(&own);

	if (!ret)
		genl_close(&own);
	return -ret;
}

/* For want of memory socket() says ENFILE, sendto() and recv() of netlink ENOBUFS. */
static bool is_told(int error)
{
	return !error || error == ENOMEM || error == EFAULT || error == ENOBUFS || error == ENFILE;
}

/*
 * Returns how many faults there were, or -1000 less the number of the first that was not told, has
 * moved the generation, or has left something broken.
 */
static int each_fault(int (*call)(void), bool moves)
{
	uint32_t before;
	int nth, error;
	bool moved;

	/* What is looked up once and remembered is there from now on. */
	if (call())
		return -3000;
	for (nth = 1; nth <= MOST_FAULTS; nth++) {
		before = generation();
		netlink_answered = true;
		arm(nth);
		error = call();
		if (!disarm())
			return error ? -2000 - error : nth - 1;
		moved = generation() != before;
		/* Whoever has got no answer does not know. */
		if (!is_told(error) || (moved && !moves) ||
		    (moved && error == ENOMEM && netlink_answered) || call())
			return -1000 - nth;
	}
	return nth;
}

/* The kernel's own checks allocate memory, too: in which calls is a matter of chance. */
static void check(const char *name, int (*call)(void), bool moves, int least)
{
	int faults = each_fault(call, moves);

	tap_ok(faults >= least && faults < MOST_FAULTS, "%s: each fault is told or coped with",
	       name);
	tap_diag("%s: %d", name, faults);
}

/* As the first process of a PID namespace: each open makes the domain. */
static int open_first(void)
{
	int faults;

	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	must(nth_fd >= 0);
	faults = each_fault(call_open, false);
	return faults > 0 && faults < MOST_FAULTS ? 0 : 1;
}

static void check_new_domain(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	int status;

	must(pid >= 0);
	if (!pid)
		_exit(open_first());
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	tap_is(WEXITSTATUS(status), 0, "open, which makes a domain: each fault is told");
	for (int i = 0; sysfs_number("domains") && i < 1000; i++)
		pause_ms(5);
	tap_is(sysfs_number("domains"), 0, "no domain is left");
}

int main(void)
{
	time_limit(LIMIT_SECONDS);
	device_setup();
	file = device_open(O_RDWR | O_CLOEXEC);
	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	must(nth_fd >= 0);
	must(genl_open(&family) == 0);
	check("open", call_open, false, 1);
	check("open and read the view", call_view, false, 1);
	check("sysfs", call_sysfs, false, 1);
	check("fdinfo", call_fdinfo, false, 1);
	check("read", call_read, false, 1);
	check("write", call_write, false, 1);
	check("poll", call_poll, false, 1);
	check("epoll", call_epoll, false, 1);
	check("mmap", call_map, false, 1);
	check("TRIGGER_GEN_UPDATE", call_trigger, true, 0);
	check("netlink socket", call_netlink_open, false, 1);
	check("GET", call_netlink_get, false, 1);
	check("TRIGGER", call_netlink_trigger, true, 1);
	check("RESEED", call_netlink_reseed, false, 1);
	check_new_domain();
	check("SET_WATCHER_TRACKING", call_track, false, 0);
	tap_is(sysfs_number("watchers"), 0, "no watcher is left");
	return tap_done();
}
