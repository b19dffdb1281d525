// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread for each call that can sleep, each thread on a file of its own, and a child that
 * sleeps in read(). The process waits until the generation has moved once. Then the tracked file
 * "holder" is outdated, and WAIT_WATCHERS has a watcher to wait for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "subject.h"

static void *in_read(void *arg)
{
	const char *who = arg;
	int fd = open_device(O_RDWR);
	uint32_t generation;

	while (read(fd, &generation, sizeof(generation)) != sizeof(generation)) {
		if (errno != EINTR)
			die("read");
		say("%s was interrupted", who);
	}
	say("%s sees %u", who, generation);
	acknowledge(who, fd, generation);
	return NULL;
}

static void *in_poll(void *arg)
{
	int fd = open_device(O_RDWR | O_NONBLOCK);
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	(void)arg;
	while (poll(&wait, 1, -1) != 1) {
		if (errno != EINTR)
			die("poll");
		say("poll was interrupted");
	}
	say("poll returned %#x", (unsigned int)wait.revents);
	read_and_acknowledge("poll", fd);
	return NULL;
}

static void *in_epoll(void *arg)
{
	int fd = open_device(O_RDWR | O_NONBLOCK), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 7 };

	(void)arg;
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
	while (epoll_wait(epoll, &event, 1, -1) != 1) {
		if (errno != EINTR)
			die("epoll_wait");
		say("epoll was interrupted");
	}
	say("epoll returned %#x for %u", event.events, event.data.u32);
	read_and_acknowledge("epoll", fd);
	return NULL;
}

/* Waits twice: after a restore this file is outdated, and after that holder still is. */
static void *in_wait(void *arg)
{
	int fd = open_device(O_RDWR | O_NONBLOCK);

	(void)arg;
	while (ioctl(fd, SYSGENID_WAIT_WATCHERS, 0)) {
		say("wait returned %s", strerrorname_np(errno));
		if (errno != EINTR)
			die("WAIT_WATCHERS");
		read_and_acknowledge("wait", fd);
	}
	say("wait returned 0");
	return NULL;
}

int subject_sleepers(char **args)
{
	int holder = open_device(O_RDWR | O_NONBLOCK);
	struct pollfd wait = { .fd = holder, .events = POLLIN };
	pid_t pid;

	(void)args;
	expect_signals();
	if (ioctl(holder, SYSGENID_SET_WATCHER_TRACKING, 1))
		die("SET_WATCHER_TRACKING");
	say("waiting");
	if (poll(&wait, 1, -1) != 1)
		die("poll");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(holder);
		in_read("child");
		for (;;)
			pause();
	}
	start_thread(in_read, "read");
	start_thread(in_poll, NULL);
	start_thread(in_epoll, NULL);
	start_thread(in_wait, NULL);
	say("ready");
	for (;;) {
		await_signal();
		read_and_acknowledge("holder", holder);
	}
}
