// SPDX-License-Identifier: GPL-2.0-only
/* Tracking and WAIT_WATCHERS. */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "process.h"
#include "tap.h"

static int wait_watchers(int fd, unsigned long timeout)
{
	return ioctl(fd, SYSGENID_WAIT_WATCHERS, timeout);
}

static long wait_forever(int fd)
{
	return wait_watchers(fd, 0) ? -errno : 0;
}

static void track(int fd, unsigned long on)
{
	must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, on) == 0);
}

static bool counts_are(long watchers, long behind)
{
	long got_watchers = sysfs_number("watchers"), got_behind = sysfs_number("outdated");

	if (got_watchers == watchers && got_behind == behind)
		return true;
	tap_diag("%ld watchers, %ld outdated; expected %ld, %ld", got_watchers, got_behind,
		 watchers, behind);
	return false;
}

static int track_as_user(long fd)
{
	return ioctl((int)fd, SYSGENID_SET_WATCHER_TRACKING, 1) ? errno : 0;
}

static void tracked_by_mapping(void)
{
	int fd = device_open(O_RDWR);
	const volatile struct sysgenid_page *page = device_map(fd);

	track(fd, 1);
	device_close(fd);
	tap_ok(counts_are(1, 0), "closing the last descriptor of a mapped file does not");
	trigger(0);
	tap_ok(counts_are(1, 1), "and nobody can acknowledge for it");
	must(munmap((void *)page, sizeof(*page)) == 0);
	tap_ok(counts_are(0, 0), "the end of its last mapping does");
}

void abi_tracking(void)
{
	int fd = device_open(O_RDWR), other = device_open(O_RDWR), twin, reader;
	pid_t child;

	tap_ok(counts_are(0, 0), "a file starts untracked");
	tap_is(as_user(track_as_user, fd), 0, "tracking needs no capability");
	tap_ok(counts_are(1, 0), "a tracked file is counted as a watcher");
	track(fd, 1);
	tap_ok(counts_are(1, 0), "it is counted once, however often it asks");
	track(fd, 0);
	track(fd, 0);
	tap_ok(counts_are(0, 0), "an untracked file is not counted, however often it asks");
	reader = device_open(O_RDONLY);
	tap_is(track_as_user(reader), EBADF, "a file that cannot acknowledge is not tracked");
	tap_is(ioctl(reader, SYSGENID_SET_WATCHER_TRACKING, 0), 0, "to untrack it is no error");
	device_close(reader);
	if (sizeof(long) > 4) {
		track(fd, 1);
		track(fd, 1UL << 31 << 1);
		tap_ok(counts_are(0, 0),
		       "the argument is a number of 32 bits: bits above do not count");
	}
	track(fd, 1);
	track(other, 1);
	trigger(0);
	tap_ok(counts_are(2, 2), "an event makes all watchers outdated");
	acknowledge_now(fd);
	tap_ok(counts_are(2, 1), "an acknowledgement makes one fewer");
	acknowledge_now(fd);
	tap_ok(counts_are(2, 1), "a second one of the same file changes nothing");
	twin = dup(fd);
	device_close(fd);
	tap_ok(counts_are(2, 1), "closing one of two descriptors does not end the tracking");
	child = fork();
	must(child >= 0);
	if (!child) {
		pause();
		_exit(0);
	}
	device_close(twin);
	tap_ok(counts_are(2, 1), "closing the parent's last one does not while a child has one");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	tap_ok(counts_are(1, 1), "the end of the last process that has it does");
	device_close(other);
	tap_ok(counts_are(0, 0), "closing the last descriptor ends the tracking");
	tracked_by_mapping();
}

static int wait_as_user(long fd)
{
	return wait_watchers((int)fd, 1) ? errno : 0;
}

void abi_wait_returns(void)
{
	int fd = device_open(O_RDWR), watcher = device_open(O_RDWR),
	    bystander = device_open(O_RDWR);
	long long start;
	long took;

	tap_is(wait_watchers(fd, 0), 0, "WAIT_WATCHERS returns 0 at once when nobody is tracked");
	track(watcher, 1);
	tap_is(wait_watchers(fd, 0), 0, "and when all tracked files have acknowledged");
	tap_is(wait_watchers(watcher, 0), 0,
	       "a tracked file can wait, too, and does not wait for itself");
	trigger(0);
	fails(wait_watchers(fd, 0), EINTR, "EINTR when the calling file is outdated");
	fails(wait_watchers(watcher, 1000), EINTR, "EINTR when it is tracked and outdated");
	acknowledge_now(fd);
	start = now_ms();
	fails(wait_watchers(fd, 300), ETIME,
	      "ETIME when a tracked file does not acknowledge in time");
	took = (long)(now_ms() - start);
	tap_ok(took >= 300 && took < 3000, "the time limit is in milliseconds: 300 took %ld ms",
	       took);
	tap_is(as_user(wait_as_user, fd), ETIME, "waiting needs no capability");
	acknowledge_now(watcher);
	tap_ok(outdated(bystander) && wait_watchers(fd, 0) == 0,
	       "files that are not tracked are not waited for");
	device_close(fd);
	device_close(watcher);
	device_close(bystander);
}

static void ends_when(void (*settle)(int fd), const char *how)
{
	int fd, first = device_open(O_RDWR), last = device_open(O_RDWR);
	struct sleeper waiters[2];

	track(first, 1);
	track(last, 1);
	trigger(0);
	fd = device_open(O_RDWR);
	for (int i = 0; i < 2; i++) {
		sleeper_start(&waiters[i], wait_forever, fd);
		must(sleeper_asleep(&waiters[i]));
	}
	settle(first);
	tap_ok(sleeper_still_asleep(&waiters[0]),
	       "WAIT_WATCHERS goes on when one of two tracked files %s", how);
	/*
	 * The waiters are children and have the descriptors, too, so a close is to be done by all.
	 */
	settle(last);
	for (int i = 0; i < 2; i++)
		tap_is(sleeper_result(&waiters[i]), 0,
		       "WAIT_WATCHERS returns 0 when the last one %s (waiter %d)", how, i);
	device_close(fd);
	close(first);
	close(last);
}

static void untrack(int fd)
{
	track(fd, 0);
}

/* Has a file of its own, and closes the file when told to. */
static pid_t watcher_process(int ready, int go)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid) {
		int fd = device_open(O_RDWR);
		char byte;

		track(fd, 1);
		if (write(ready, "r", 1) != 1 || read(go, &byte, 1) != 1)
			_exit(1);
		device_close(fd);
		pause();
		_exit(0);
	}
	return pid;
}

static void ends_at_close(bool by_death)
{
	struct sleeper waiter;
	int ready[2], go[2], fd;
	char byte;
	pid_t pid;

	must(pipe(ready) == 0 && pipe(go) == 0);
	pid = watcher_process(ready[1], go[0]);
	must(read(ready[0], &byte, 1) == 1);
	trigger(0);
	fd = device_open(O_RDWR);
	sleeper_start(&waiter, wait_forever, fd);
	must(sleeper_asleep(&waiter));
	if (by_death)
		kill(pid, SIGKILL);
	else
		must(write(go[1], "g", 1) == 1);
	tap_is(sleeper_result(&waiter), 0, "WAIT_WATCHERS returns 0 when the last outdated file %s",
	       by_death ? "goes with its process" : "is closed");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	device_close(fd);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

static void mark(int fd)
{
	must(ioctl(fd, SYSGENID_MARK_OUTDATED, 0) == 0);
}

void abi_wait_wakes(void)
{
	int fd = device_open(O_RDWR), watcher = device_open(O_RDWR);
	struct sleeper waiter;

	ends_when(acknowledge_now, "acknowledges");
	ends_when(untrack, "is no longer tracked");
	ends_at_close(false);
	ends_at_close(true);

	track(watcher, 1);
	trigger(0);
	acknowledge_now(fd);
	sleeper_start(&waiter, wait_forever, fd);
	must(sleeper_asleep(&waiter));
	fails(wait_watchers(fd, 100), ETIME, "while a wait with a limit is over after it");
	tap_ok(sleeper_still_asleep(&waiter), "a wait with limit 0 goes on");
	trigger(0);
	tap_is(sleeper_result(&waiter), -EINTR,
	       "EINTR when the calling file becomes outdated by an event meanwhile");
	acknowledge_now(fd);
	sleeper_start(&waiter, wait_forever, fd);
	must(sleeper_asleep(&waiter));
	mark(fd);
	tap_is(sleeper_result(&waiter), -EINTR,
	       "EINTR when it becomes outdated by MARK_OUTDATED meanwhile");
	device_close(fd);
	device_close(watcher);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static long wait_with(int fd, int flags, unsigned long timeout)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	long result;

	sigaction(SIGUSR1, &action, NULL);
	result = wait_watchers(fd, timeout) ? -errno : 0;
	return signals == 1 ? result : -EPROTO;
}

static long wait_interrupted(int fd)
{
	return wait_with(fd, 0, 0);
}

static long wait_restarted(int fd)
{
	return wait_with(fd, SA_RESTART, 0);
}

static long wait_limited(int fd)
{
	return wait_with(fd, SA_RESTART, 60000);
}

void abi_wait_signal(void)
{
	int fd, watcher = device_open(O_RDWR);
	struct sleeper waiter;

	track(watcher, 1);
	trigger(0);
	fd = device_open(O_RDWR);
	sleeper_start(&waiter, wait_interrupted, fd);
	must(sleeper_asleep(&waiter));
	kill(waiter.pid, SIGUSR1);
	tap_is(sleeper_result(&waiter), -EINTR, "a signal ends WAIT_WATCHERS with EINTR");
	sleeper_start(&waiter, wait_limited, fd);
	must(sleeper_asleep(&waiter));
	kill(waiter.pid, SIGUSR1);
	tap_is(sleeper_result(&waiter), -EINTR,
	       "one with a time limit with SA_RESTART, too: the limit must not start anew");
	sleeper_start(&waiter, wait_restarted, fd);
	must(sleeper_asleep(&waiter));
	kill(waiter.pid, SIGUSR1);
	tap_ok(sleeper_still_asleep(&waiter),
	       "a signal with SA_RESTART does not end one without limit");
	acknowledge_now(watcher);
	tap_is(sleeper_result(&waiter), 0, "which returns 0 in the end");
	device_close(fd);
	device_close(watcher);
}
