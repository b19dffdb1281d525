// SPDX-License-Identifier: GPL-2.0-only
/* TRIGGER_GEN_UPDATE: who may, what min_gen means, and the wrap. */
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "process.h"
#include "tap.h"

#define BIT(n) ((uint64_t)1 << (n))

static int try_trigger(long fd)
{
	return ioctl((int)fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) ? errno : 0;
}

void abi_trigger(void)
{
	int fd = device_open(O_RDWR);
	uint32_t before = generation();

	/* No device holds numbers in these VMs; then the growth is exactly that of v7. */
	tap_is(ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, 0), 0, "TRIGGER_GEN_UPDATE returns 0");
	tap_is(generation(), before + 1, "min_gen 0: the generation grows by 1");
	tap_ok(outdated(fd), "the file that has triggered is outdated itself");
	tap_is(trigger(1), before + 2, "a min_gen that is passed: it grows by 1");
	tap_is(trigger(before + 2), before + 3, "min_gen is the current one: it grows by 1");
	tap_is(trigger(before + 4), before + 4, "min_gen is the next one: it grows to it");
	tap_is(trigger(before + 1000), before + 1000, "min_gen is higher: it grows to it");
	tap_is(trigger(before + 1000), before + 1001, "the same min_gen again: it grows by 1");
	if (sizeof(long) > 4) {
		must(ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, 1UL << 31 << 1) == 0);
		tap_is(generation(), before + 1002, "min_gen has 32 bits: bits above do not count");
	}
	tap_is(trigger(0x7fffffff), 0x7fffffff, "min_gen 2^31 - 1 is followed");
	tap_is(trigger(0x80000000), 0x80000000,
	       "min_gen 2^31 is followed: the comparison is unsigned");
	tap_is(trigger(5), 0x80000001,
	       "a small min_gen is passed then: the comparison is unsigned");
	tap_is(trigger(0x7fffffff), 0x80000002, "2^31 - 1 is passed, too");
	tap_is(trigger(0x80000010), 0x80000010, "a min_gen above is followed");
	device_close(fd);
}

void abi_privilege(void)
{
	const uint64_t one = BIT(CAP_CHECKPOINT_RESTORE), other = BIT(CAP_SYS_ADMIN);
	int fd = device_open(O_RDWR), reader = device_open(O_RDONLY);
	uint32_t before = generation();

	tap_is(as_user(try_trigger, fd), EACCES,
	       "EACCES for a user without capabilities, whoever opened the file");
	tap_is(with_capabilities(ALL_CAPABILITIES & ~(one | other), try_trigger, fd), EACCES,
	       "EACCES with all capabilities but the two");
	tap_is(in_namespace(CLONE_NEWUSER, try_trigger, fd), EACCES,
	       "EACCES for root with all capabilities in a user namespace of its own");
	tap_is(generation(), before, "a trigger that was refused has not moved the generation");
	tap_is(with_capabilities(one, try_trigger, fd), 0,
	       "CAP_CHECKPOINT_RESTORE alone is enough");
	tap_is(with_capabilities(other, try_trigger, fd), 0, "CAP_SYS_ADMIN alone is enough");
	tap_is(try_trigger(reader), 0, "a file opened for reading is enough");
	tap_is(generation(), before + 3, "each of these has moved the generation");
	device_close(fd);
	device_close(reader);
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

/* From 2^32 - 1 to 1, with sleepers and with a tracked file beside that of abi_wrap(). */
static void wrap_over_sleepers(uint32_t min)
{
	static long (*const bodies[])(int) = { read_it, poll_it, wait_it };
	int fd = device_open(O_RDWR), behind = device_open(O_RDWR);
	struct sleeper sleepers[3];
	uint32_t now;

	must(ioctl(behind, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	tap_is(trigger(UINT32_MAX), UINT32_MAX, "min_gen 2^32 - 1 is followed");
	acknowledge_now(fd);
	for (int i = 0; i < 3; i++) {
		sleeper_start(&sleepers[i], bodies[i], fd);
		must(sleeper_asleep(&sleepers[i]));
	}
	now = trigger(min);
	tap_is(now, 1, "after 2^32 - 1 comes 1, with min_gen %u", min);
	tap_is(sleeper_result(&sleepers[0]), 1, "the wrap wakes a reader, who gets 1");
	tap_is(sleeper_result(&sleepers[1]), POLLIN, "the wrap wakes a poller");
	tap_is(sleeper_result(&sleepers[2]), -EINTR,
	       "the wrap wakes WAIT_WATCHERS, whose file is outdated");
	tap_is(sysfs_number("outdated"), 2, "both tracked files are outdated after the wrap");
	tap_is(acknowledge(fd, UINT32_MAX), -EINVAL, "2^32 - 1 is not current any more");
	tap_is(acknowledge(fd, 1), 0, "1 is");
	device_close(fd);
	device_close(behind);
}

void abi_wrap(void)
{
	int fd = device_open(O_RDWR), same, old = device_open(O_RDWR);
	uint32_t twice = generation();
	long long end = now_ms() + 10000;

	/* This file has acknowledged a number that the counter will reach once more. */
	same = device_open(O_RDWR);
	must(ioctl(same, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	trigger(0);
	wrap_over_sleepers(0);
	tap_is(trigger(0), 2, "and then 2");
	tap_is(trigger(twice), twice, "min_gen is followed after a wrap");
	tap_ok(outdated(same),
	       "who has acknowledged this very number before the wrap is outdated now");
	tap_is(fdinfo_number(same, "sysgenid-outdated"), 1, "fdinfo says so");
	tap_is(sysfs_number("outdated"), 1, "it is an outdated watcher");
	acknowledge_now(fd);
	fails(ioctl(fd, SYSGENID_WAIT_WATCHERS, 20), ETIME, "WAIT_WATCHERS waits for it");
	acknowledge_now(same);
	tap_ok(!outdated(same) && sysfs_number("outdated") == 0, "its acknowledgement counts now");
	tap_ok(outdated(old), "a file that has never acknowledged is outdated after the wrap");
	wrap_over_sleepers(UINT32_MAX);
	tap_is(sysfs_number("outdated"), 1, "the second wrap makes it outdated again");
	while (shared_page->rng_generation != generation() && now_ms() < end)
		pause_ms(1);
	tap_is(shared_page->rng_generation, 1, "rng_generation follows over the wrap");
	device_close(fd);
	device_close(same);
	device_close(old);
}
