// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that lose the processor at the worst moment: sysgenid_delay.ko makes those named "slow" do
 * so. To be run as root in the initial PID namespace.
 * usage: late settled | event | killed | opening | reading | restored
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "domains.h"
#include "genl.h"
#include "process.h"
#include "tap.h"

#define LIMIT_SECONDS 60
#define SOON_MS 1000 /* half of a slow task's delay */
#define REUSED 8
#define MOST_TRIES 10 /* where the processors are busy, the test itself may come too late */

/* Starts a child, slow or not, that exits with what body returns. */
static pid_t start(bool slow, int (*body)(long arg), long arg)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return pid;
	must(!slow || prctl(PR_SET_NAME, "slow") == 0);
	_exit(body(arg));
}

static int result_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static long delays(void)
{
	FILE *file = fopen("/sys/module/sysgenid_delay/parameters/times", "re");
	long times;

	must(file && fscanf(file, "%ld", &times) == 1);
	fclose(file);
	return times;
}

/* Waits until a task has lost the processor. Returns false if that child has ended instead. */
static bool wait_for_delay(long before, pid_t child)
{
	siginfo_t info = { 0 };

	while (delays() == before) {
		if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return false;
		pause_ms(1);
	}
	return true;
}

static int trigger_by_ioctl(long fd)
{
	return ioctl((int)fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) ? errno : 0;
}

/* -1: the system's domain; else the domain of a namespace, by descriptor. */
static int trigger_by_netlink(long namespace)
{
	struct genl_values values = { .has = namespace < 0 ? 0 : HAS(SYSGENID_A_PIDNS_FD) };
	struct genl_reply reply;
	struct genl own;

	values.value[SYSGENID_A_PIDNS_FD] = (uint32_t) namespace;
	if (genl_open(&own) || genl_ask(&own, SYSGENID_CMD_TRIGGER, &values, &reply))
		return 254;
	return reply.error;
}

static int get(long unused)
{
	struct genl_reply reply;
	struct genl own;

	(void)unused;
	if (genl_open(&own) || genl_ask(&own, SYSGENID_CMD_GET, NULL, &reply))
		return 254;
	return reply.error;
}

static int open_there(long namespace)
{
	return open_in_namespace((int)namespace) >= 0 ? 0 : 254;
}

/* A descriptor of the PID namespace of that process. */
static int namespace_of(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static struct {
	int file;
	int namespace;
} box;

static int trigger_box(long unused)
{
	(void)unused;
	/* The parent has the last file. */
	close(box.file);
	return trigger_by_netlink(box.namespace);
}

/* What came of one try to have the worker find the domain's mutex taken. */
struct settled {
	int answer;
	int event;
	long command;
	long domains;
	bool lost;
};

/*
 * The last file of a domain is closed, while a request moves that domain's generation. The worker
 * that is to tell that nobody is outdated finds the mutex taken, and loses its processor. Meanwhile
 * the request ends, and with it the domain.
 */
static struct settled settle_once(struct genl *listener)
{
	int reused[REUSED];
	struct settled was;
	struct genl_reply event;
	pid_t sleeper = clone_sleeper(), slow;
	uint32_t domain;
	long before;

	box.namespace = namespace_of(sleeper);
	domain = inode_of(box.namespace);
	box.file = open_in_namespace(box.namespace);
	must(box.file >= 0);
	must(ioctl(box.file, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	must(trigger_by_netlink(box.namespace) == 0 && outdated(box.file));
	before = delays();
	slow = start(true, trigger_box, 0);
	must(wait_for_delay(before, slow));
	must(close(box.file) == 0);
	was.answer = result_of(slow);
	/* Freed memory is used again. */
	for (int i = 0; i < REUSED; i++) {
		reused[i] = open_in_new_domain();
		must(reused[i] >= 0);
	}
	do
		was.event = genl_event(listener, &event, 0);
	while (was.event == 0 && event.values.value[SYSGENID_A_DOMAIN] != domain);
	was.command = event.command;
	/* A timer in freed memory would run in 10 ms. */
	pause_ms(200);
	/* The worker that has told of it may still have the domain in its hands. */
	for (int tries = 0; tries < 100; tries++) {
		was.domains = sysfs_number("domains");
		if (was.domains == REUSED)
			break;
		pause_ms(100);
	}
	was.lost = delays() >= before + 2;
	for (int i = 0; i < REUSED; i++)
		close(reused[i]);
	end_sleeper(sleeper);
	close(box.namespace);
	return was;
}

/* The worker may run only after the request has left the mutex: then the test tries again. */
static void settled_late(void)
{
	struct genl listener;
	struct settled was;
	int tries = 0;

	must(genl_open(&listener) == 0 && genl_subscribe_domains_settled(&listener, 65536) == 0);
	do
		was = settle_once(&listener);
	while (!was.lost && ++tries < MOST_TRIES);
	tap_ok(was.lost, "the worker did lose its processor");
	tap_is(was.answer, 0, "a request that holds up an announcement is answered");
	tap_is(was.event, 0, "the announcement comes, though its worker found the domain busy");
	tap_is(was.command, SYSGENID_CMD_SETTLED, "it says that nobody is outdated");
	tap_is(was.domains, REUSED, "the domain is gone then");
	genl_close(&listener);
}

static void in_time(const char *name, int (*body)(long arg), long arg)
{
	long long begin = now_ms(), took;
	int result = result_of(start(false, body, arg));

	took = now_ms() - begin;
	tap_ok(result == 0 && took < SOON_MS, "%s", name);
	tap_diag("it gives %d, after %lld ms", result, took);
}

/*
 * Who makes an event of the system's loses its processor: nobody has to wait until it gets that
 * back.
 */
static void event_late(void)
{
	int file = device_open(O_RDWR);
	long before = delays();
	pid_t slow = start(true, trigger_by_ioctl, file);

	tap_diag("the slow one %s", wait_for_delay(before, slow) ? "is at it" : "has ended");
	in_time("a trigger by ioctl does not wait for a slow one", trigger_by_ioctl, file);
	in_time("nor does one over netlink", trigger_by_netlink, -1);
	tap_is(result_of(slow), 0, "the slow one is done in the end");
	device_close(file);
}

/*
 * The worker that makes the event is slow: a task that waits for it can be killed. The test tries
 * again where it lost the processor itself, until the event was over.
 */
static void can_be_killed(const char *name, int (*body)(long arg), long arg, void (*prepare)(void))
{
	long long begin = 0, took = 0;
	int result = 0;

	for (int tries = 0; tries < MOST_TRIES && result == 0; tries++) {
		long before = delays();
		pid_t pid;

		prepare();
		pid = start(false, body, arg);
		must(wait_for_delay(before, pid));
		begin = now_ms();
		must(kill(pid, SIGKILL) == 0);
		result = result_of(pid);
		took = now_ms() - begin;
	}
	tap_is(result, -SIGKILL, "who waits for an event can be killed (%s)", name);
	tap_ok(took < SOON_MS, "at once");
	tap_diag("it took %lld ms", took);
}

static void do_nothing(void)
{
}

static void event_killed(void)
{
	int file = device_open(O_RDWR);

	can_be_killed("ioctl", trigger_by_ioctl, file, do_nothing);
	trigger(0);
	can_be_killed("netlink", trigger_by_netlink, -1, do_nothing);
	trigger(0);
	device_close(file);
}

/* The first task of a PID namespace that opens the device loses its processor. */
static void opening_late(void)
{
	/* Other opens do wait: the kernel holds one mutex for those of all misc devices. */
	pid_t sleeper = clone_sleeper(), slow;
	long before = delays();

	slow = start(true, open_there, namespace_of(sleeper));
	must(wait_for_delay(before, slow));
	in_time("a GET over netlink does not wait for a slow open", get, 0);
	in_time("nor does a trigger", trigger_by_netlink, -1);
	tap_is(result_of(slow), 0, "the slow one is done in the end");
	end_sleeper(sleeper);
}

/* As if the hypervisor had just restored this machine. */
static void fork_machine(void)
{
	int fd = open("/sys/module/sysgenid_fork/parameters/fork", O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, "1", 1) == 1);
	close(fd);
}

static int read_new(long fd)
{
	uint32_t new;

	return read((int)fd, &new, sizeof(new)) == sizeof(new) ? 0 : 254;
}

static int poll_new(long fd)
{
	return outdated((int)fd) ? 0 : 254;
}

/* Calls that ask whether the hypervisor has restored the machine. */
static const struct {
	const char *name;
	int (*body)(long fd);
} askers[] = { { "poll", poll_new }, { "read", read_new }, { "GET over netlink", get } };

#define ASKERS (sizeof(askers) / sizeof(askers[0]))

/*
 * The first who reads after the hypervisor has restored the machine would lose its processor, if it
 * made the event itself: nobody waits for it.
 */
static void reading_late(void)
{
	static const char *const asked[ASKERS] = {
		"a poll does not wait for a slow reader",
		"nor does a read",
		"nor does a GET over netlink",
	};

	for (size_t i = 0; i < ASKERS; i++) {
		int own = device_open(O_RDONLY), other = device_open(O_RDWR);
		uint32_t old = generation();
		long before = delays();
		long long begin = now_ms();
		pid_t slow;

		fork_machine();
		must(generation() == old);
		slow = start(true, read_new, own);
		/* The call makes the event, or waits for it. */
		while (delays() == before && generation() == old && now_ms() - begin < 10 * SOON_MS)
			pause_ms(1);
		must(delays() != before || generation() != old);
		in_time(asked[i], askers[i].body, other);
		tap_is(result_of(slow), 0, "the slow reader gets a new generation in the end");
		device_close(own);
		device_close(other);
	}
}

/* The worker that follows a restore is slow: a task that waits for it can be killed. */
static void restored_killed(void)
{
	for (size_t i = 0; i < ASKERS; i++) {
		int file = device_open(O_RDONLY);

		can_be_killed(askers[i].name, askers[i].body, file, fork_machine);
		tap_is(read_new(file), 0, "and the restore is followed in the end");
		device_close(file);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	time_limit(LIMIT_SECONDS);
	device_setup();
	if (strcmp(what, "settled") == 0)
		settled_late();
	else if (strcmp(what, "event") == 0)
		event_late();
	else if (strcmp(what, "killed") == 0)
		event_killed();
	else if (strcmp(what, "opening") == 0)
		opening_late();
	else if (strcmp(what, "reading") == 0)
		reading_late();
	else if (strcmp(what, "restored") == 0)
		restored_killed();
	else
		tap_bail("usage: late settled | event | killed | opening | reading | restored");
	return tap_done();
}
