// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several processes do what can be done with the device, at random, for some seconds. To be run as
 * root in the initial PID namespace, with sysgenid_delay.ko for delays in the module.
 * usage: random SEED SECONDS [PERCENT]
 * PERCENT: so many of the allocations and copies that the debug kernel is set up to let fail, do.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "genl.h"
#include "tap.h"

#define WORKERS 6
#define FILES 6
#define STEPS_IN_BOX 40
#define PATIENCE_MS 60000
#define CAUSE "/sys/class/misc/sysgenid/last_cause"
#define REPORT "/sys/module/sysgenid_test/parameters/report"

/* Of one process. */
struct worker {
	uint64_t state;
	int files[FILES]; /* -1: none */
	struct genl genl;
	bool first; /* the host's: no namespace of its own yet */
};

/* Shared by all. */
static struct {
	long steps, injected;
	bool stopping;
} * shared;

static bool injecting;

static uint32_t drawn(struct worker *self, uint32_t below)
{
	self->state ^= self->state << 13;
	self->state ^= self->state >> 7;
	self->state ^= self->state << 17;
	return (uint32_t)(self->state >> 32) % below;
}

/* The kernel's own fault injection. */
static void inject(const char *percent)
{
	static const char *const whats[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	char path[64];
	FILE *file;

	for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/probability", whats[i]);
		file = fopen(path, "we");
		must(file && fputs(percent, file) >= 0 && fclose(file) == 0);
	}
}

/* A step that must succeed, or give one of two errors. */
static void expect(long result, int error, int other, const char *what)
{
	if (result >= 0 || errno == error || errno == other)
		return;
	/* EIO: the reseed has failed. */
	if (injecting && (errno == ENOMEM || errno == EFAULT || errno == ENOBUFS || errno == EIO)) {
		__atomic_add_fetch(&shared->injected, 1, __ATOMIC_RELAXED);
		return;
	}
	tap_diag("%s: %s", what, strerror(errno));
	_exit(1);
}

static void open_one(struct worker *self, int *file)
{
	(void)self;
	if (*file < 0)
		*file = open(SYSGENID_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	expect(*file, 0, 0, "open");
}

static void close_one(struct worker *self, int *file)
{
	(void)self;
	expect(close(*file), 0, 0, "close");
	*file = -1;
}

static void track(struct worker *self, int *file)
{
	expect(ioctl(*file, SYSGENID_SET_WATCHER_TRACKING, drawn(self, 2)), 0, 0, "tracking");
}

static void trigger_one(struct worker *self, int *file)
{
	uint32_t wished = drawn(self, 4) ? 0 : generation() + drawn(self, 5);

	/* In a box of another user namespace the host's files are not its own. */
	expect(ioctl(*file, SYSGENID_TRIGGER_GEN_UPDATE, wished), self->first ? 0 : EACCES, 0,
	       "trigger");
}

static void follow(struct worker *self, int *file)
{
	uint32_t got;
	long size = read(*file, &got, sizeof(got));

	(void)self;
	expect(size, EAGAIN, 0, "read");
	if (size > 0)
		expect(write(*file, &got, sizeof(got)), EINVAL, 0, "acknowledge");
}

static void mark(struct worker *self, int *file)
{
	(void)self;
	expect(ioctl(*file, SYSGENID_MARK_OUTDATED, 0), 0, 0, "mark");
}

static void wait_watchers(struct worker *self, int *file)
{
	expect(ioctl(*file, SYSGENID_WAIT_WATCHERS, 1 + drawn(self, 5)), ETIME, EINTR,
	       "WAIT_WATCHERS");
}

static void poll_one(struct worker *self, int *file)
{
	struct pollfd wait = { .fd = *file, .events = POLLIN };

	expect(poll(&wait, 1, (int)drawn(self, 3)), 0, 0, "poll");
}

static void map_one(struct worker *self, int *file)
{
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | (drawn(self, 2) ? MAP_POPULATE : 0),
			  *file, 0);

	if (page == MAP_FAILED) {
		expect(-1, 0, 0, "mmap");
		return;
	}
	((volatile uint32_t *)page)[0];
	expect(munmap(page, PAGE), 0, 0, "munmap");
}

static void show(struct worker *self, int *file)
{
	char path[64], text[1024];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", *file);
	fd = open(drawn(self, 2) ? path : CAUSE, O_RDONLY | O_CLOEXEC);
	/* There is no sysfs in a box, unless it is the host's. */
	if (fd < 0)
		return;
	expect(read(fd, text, sizeof(text)), 0, 0, "show");
	close(fd);
}

static void ask(struct worker *self, int *file)
{
	static const uint8_t commands[] = { SYSGENID_CMD_GET, SYSGENID_CMD_TRIGGER,
					    SYSGENID_CMD_RESEED };
	uint8_t command = commands[drawn(self, 3)];
	struct genl_values values = { 0 };
	struct genl_reply reply;
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), ret;

	(void)file;
	if (own >= 0 && command != SYSGENID_CMD_RESEED && drawn(self, 4)) {
		values.has = HAS(SYSGENID_A_PIDNS_FD);
		values.value[SYSGENID_A_PIDNS_FD] = (uint32_t)own;
	}
	ret = genl_ask(&self->genl, command, &values, &reply);
	errno = ret ? -ret : reply.error;
	if (errno)
		expect(-1, EBUSY, self->first ? EBUSY : EPERM, "netlink");
	close(own);
}

static void report(struct worker *self, int *file)
{
	int fd = open(REPORT, O_WRONLY | O_CLOEXEC);

	(void)file;
	if (!self->first || fd < 0 || drawn(self, 8)) {
		close(fd);
		return;
	}
	expect(write(fd, "1", 1), 0, 0, "report");
	close(fd);
}

static void live_in_box(struct worker *self);

/* A container that comes and goes; some are killed, with files open and requests under way. */
static void make_box(struct worker *self, int *file)
{
	int flags = CLONE_NEWPID | (drawn(self, 2) ? CLONE_NEWUSER : 0), status;
	uint32_t kill_after = drawn(self, 2) ? 1 + drawn(self, 20) : 0;
	uint64_t state = self->state;
	pid_t pid;

	(void)file;
	drawn(self, 2);
	if (!self->first)
		return;
	pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0) {
		expect(-1, ENOSPC, EAGAIN, "clone");
		return;
	}
	if (!pid) {
		self->state = state ^ 0x5851f42d4c957f2dULL;
		live_in_box(self);
	}
	if (kill_after) {
		usleep(1000 * kill_after);
		kill(pid, SIGKILL);
	}
	if (waitpid(pid, &status, 0) != pid || (WIFEXITED(status) && WEXITSTATUS(status)))
		_exit(1);
}

/* Somebody sleeps in read, and is killed. */
static void kill_sleeper(struct worker *self, int *file)
{
	uint32_t got;
	pid_t pid;
	int fd;

	(void)file;
	pid = fork();
	if (pid < 0)
		return;
	if (!pid) {
		fd = open(SYSGENID_DEVICE, O_RDWR | O_CLOEXEC);
		ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1);
		_exit(read(fd, &got, sizeof(got)) < 0);
	}
	usleep(1000 * drawn(self, 10));
	kill(pid, SIGKILL);
	if (waitpid(pid, NULL, 0) != pid)
		_exit(1);
}

static void (*const actions[])(struct worker *self, int *file) = {
	open_one, open_one, close_one, track,	     track,    trigger_one, trigger_one,
	follow,	  follow,   follow,    mark,	     poll_one, map_one,	    wait_watchers,
	make_box, ask,	    ask,       kill_sleeper, show,     report,
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static void step(struct worker *self)
{
	void (*action)(struct worker *, int *) = actions[drawn(self, ACTIONS)];
	int *file = &self->files[drawn(self, FILES)];

	if (*file < 0)
		action = action == make_box || action == kill_sleeper || action == ask ? action
										       : open_one;
	action(self, file);
	__atomic_add_fetch(&shared->steps, 1, __ATOMIC_RELAXED);
}

/* Ends without closing anything. */
static void live_in_box(struct worker *self)
{
	uint32_t steps = drawn(self, STEPS_IN_BOX);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self->first = false;
	genl_close(&self->genl);
	expect(genl_open(&self->genl), 0, 0, "socket");
	/* The host's files stay open in some boxes. */
	for (int i = 0; i < FILES && drawn(self, 2); i++) {
		if (self->files[i] >= 0)
			close_one(self, &self->files[i]);
	}
	while (steps--)
		step(self);
	_exit(0);
}

static void work(uint64_t seed)
{
	struct worker self = { .state = (seed + 1) * 0x9e3779b97f4a7c15ULL, .first = true };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < FILES; i++)
		self.files[i] = -1;
	expect(genl_open(&self.genl), 0, 0, "socket");
	while (!__atomic_load_n(&shared->stopping, __ATOMIC_RELAXED))
		step(&self);
	_exit(0);
}

/* Returns how many have come to their end in time, and as they should. */
static int end_all(const pid_t *pids)
{
	long long end = now_ms() + PATIENCE_MS;
	int good = 0, status;

	for (int i = 0; i < WORKERS; i++) {
		while (waitpid(pids[i], &status, WNOHANG) == 0 && now_ms() < end)
			pause_ms(5);
		good += now_ms() < end && WIFEXITED(status) && !WEXITSTATUS(status);
	}
	return good;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc >= 3 ? strtoull(argv[1], NULL, 10) : 0;
	long seconds = argc >= 3 ? strtol(argv[2], NULL, 10) : 0;
	pid_t pids[WORKERS];
	uint32_t before;

	if (seconds < 1)
		tap_bail("usage: random SEED SECONDS [PERCENT]");
	device_setup();
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	injecting = argc == 4;
	if (injecting)
		inject(argv[3]);
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		must(pids[i] >= 0);
		if (!pids[i])
			work(seed * WORKERS + (uint64_t)i);
	}
	sleep((unsigned int)seconds);
	shared->stopping = true;
	tap_is(end_all(pids), WORKERS, "all processes come to their end (seed %llu)",
	       (unsigned long long)seed);
	if (injecting)
		inject("0");
	before = generation();
	tap_ok(trigger(0) > before, "the generation can be moved afterwards");
	for (int i = 0; sysfs_number("domains") && i < 1000; i++)
		pause_ms(5);
	tap_is(sysfs_number("domains"), 0, "no domain is left");
	tap_is(sysfs_number("watchers"), 0, "no watcher is left");
	if (injecting)
		tap_ok(shared->injected > 0, "some steps have met a fault");
	tap_diag("%ld steps, %ld with a fault", shared->steps, shared->injected);
	return tap_done();
}
