// SPDX-License-Identifier: GPL-2.0-only
/* MARK_OUTDATED. */
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "process.h"
#include "tap.h"

static int mark(int fd)
{
	return ioctl(fd, SYSGENID_MARK_OUTDATED, 12345);
}

static int mark_as_user(long fd)
{
	return mark((int)fd) ? errno : 0;
}

static long read_it(int fd)
{
	return read_generation(fd);
}

static long poll_it(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, -1) == 1 ? wait.revents : -errno;
}

static long wait_it(int fd)
{
	return ioctl(fd, SYSGENID_WAIT_WATCHERS, 0) ? -errno : 0;
}

void abi_mark(void)
{
	int fd = device_open(O_RDWR), other;
	uint32_t before = trigger(0);

	acknowledge_now(fd);
	other = device_open(O_RDWR);
	tap_is(as_user(mark_as_user, fd), 0,
	       "MARK_OUTDATED needs no capability and ignores its argument");
	tap_ok(outdated(fd), "a marked file is outdated though it has acknowledged before");
	tap_is(generation(), before, "MARK_OUTDATED does not move the generation");
	tap_ok(!outdated(other), "it concerns the calling file alone");
	tap_is(read_generation(fd), before, "read of a marked file gives the generation at once");
	tap_is(acknowledge(fd, before - 1), -EINVAL,
	       "a marked file acknowledges the current generation, no other");
	tap_ok(outdated(fd), "and stays outdated");
	tap_is(acknowledge(fd, before), 0, "the current generation is accepted");
	tap_ok(!outdated(fd), "and ends it");
	mark(fd);
	before = trigger(0);
	tap_ok(outdated(fd), "a marked file is outdated after an event, too");
	acknowledge_now(fd);
	tap_ok(!outdated(fd), "and one acknowledgement settles both");
	trigger(0);
	mark(fd);
	mark(fd);
	acknowledge_now(fd);
	tap_ok(!outdated(fd), "marking an outdated file, twice, changes nothing about that");

	mark(fd);
	must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	tap_is(sysfs_number("outdated"), 1, "a marked file counts as an outdated watcher");
	fails(ioctl(other, SYSGENID_WAIT_WATCHERS, 20), EINTR,
	      "EINTR for a file that is outdated itself");
	acknowledge_now(other);
	fails(ioctl(other, SYSGENID_WAIT_WATCHERS, 20), ETIME,
	      "WAIT_WATCHERS waits for a marked file");
	fails(ioctl(fd, SYSGENID_WAIT_WATCHERS, 20), EINTR,
	      "WAIT_WATCHERS of a marked file gives EINTR");
	acknowledge_now(fd);
	tap_is(sysfs_number("outdated"), 0, "and not any more after it has acknowledged");
	mark(fd);
	tap_is(sysfs_number("outdated"), 1, "a tracked file that marks itself is outdated");
	must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 0) == 0);
	tap_is(sysfs_number("outdated"), 0, "an untracked one is not counted");
	tap_ok(outdated(fd), "though it is still marked");
	device_close(fd);
	tap_is(sysfs_number("watchers"), 0, "nothing is left of it when it is closed");
	device_close(other);
}

/* A sleeper on the outdated file is woken; a sleeper on another file is not disturbed. */
void abi_mark_others(void)
{
	static long (*const bodies[])(int) = { read_it, poll_it };
	static const char *const names[] = { "read", "poll" };
	int fd = device_open(O_RDWR), other, watcher = device_open(O_RDWR);
	struct sleeper mine[2], others[3];
	long switches[3];

	must(ioctl(watcher, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	trigger(0);
	acknowledge_now(fd);
	other = device_open(O_RDWR);
	for (int i = 0; i < 3; i++) {
		sleeper_start(&others[i], i < 2 ? bodies[i] : wait_it, other);
		must(sleeper_asleep(&others[i]));
		switches[i] = sleeper_switches(&others[i]);
	}
	for (int i = 0; i < 2; i++) {
		sleeper_start(&mine[i], bodies[i], fd);
		must(sleeper_asleep(&mine[i]));
	}
	mark(fd);
	tap_is(sleeper_result(&mine[0]), generation(),
	       "MARK_OUTDATED wakes a reader that sleeps on the file");
	tap_is(sleeper_result(&mine[1]), POLLIN,
	       "MARK_OUTDATED wakes a poller that sleeps on the file");
	for (int i = 0; i < 500; i++) {
		mark(fd);
		acknowledge_now(fd);
	}
	for (int i = 0; i < 3; i++) {
		const char *name = i < 2 ? names[i] : "WAIT_WATCHERS";

		tap_ok(sleeper_still_asleep(&others[i]),
		       "MARK_OUTDATED does not end a %s on another file", name);
		tap_is(sleeper_switches(&others[i]), switches[i],
		       "nor does it wake it for a moment, 500 times marked and acknowledged (%s)",
		       name);
		sleeper_end(&others[i]);
	}
	device_close(fd);
	device_close(other);
	device_close(watcher);
}
