// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page is the counter: a word that a device has moved, without the driver's help, is the
 * generation for everybody at once. sysgenid_test.ko stores it as a device would. The number is
 * one that was skipped, so nobody has seen it before.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "tap.h"

static int wait_watchers(int fd)
{
	return ioctl(fd, SYSGENID_WAIT_WATCHERS, 20);
}

int main(void)
{
	int fd, watcher, caller;
	uint32_t before, word;

	device_setup();
	before = generation();
	word = before + 50;
	trigger(before + 100);
	fd = device_open(O_RDWR);
	watcher = device_open(O_RDWR);
	caller = device_open(O_RDWR);
	must(ioctl(watcher, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	must(wait_watchers(caller) == 0);

	store_word(word);
	tap_is(generation(), word, "the word that a device has stored is in every mapping");
	tap_ok(outdated(fd), "a poll called after it finds the file outdated");
	tap_is(read_generation(fd), word, "read gives it");
	tap_is(fdinfo_number(fd, "sysgenid-generation"), word, "fdinfo shows it");
	tap_is(fdinfo_number(fd, "sysgenid-outdated"), 1, "and that the file is outdated");
	tap_is(sysfs_number("generation"), word, "sysfs shows it");
	tap_is(sysfs_number("outdated"), 1,
	       "the tracked file counts as outdated though it had acknowledged");
	tap_is(acknowledge(fd, before + 100), -EINVAL,
	       "the number before it is not current any more");
	tap_is(acknowledge(fd, word), 0, "it can be acknowledged");
	tap_ok(!outdated(fd), "after which the file is not outdated");
	fails(wait_watchers(caller), EINTR,
	      "WAIT_WATCHERS: EINTR for a file that is outdated by it");
	acknowledge_now(caller);
	fails(wait_watchers(caller), ETIME, "WAIT_WATCHERS waits for the tracked file");
	acknowledge_now(watcher);
	tap_is(wait_watchers(caller), 0, "until it has acknowledged");
	tap_is(sysfs_number("outdated"), 0, "and it is not counted any more");
	tap_is(trigger(0), before + 101, "the next generation is above every number drawn before");
	tap_ok(outdated(fd) && outdated(watcher) && sysfs_number("outdated") == 1,
	       "and all are outdated again");
	return tap_done();
}
