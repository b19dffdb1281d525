// SPDX-License-Identifier: GPL-2.0-only
/* poll, select and epoll. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "process.h"
#include "tap.h"

#define ALL_EVENTS                                                                                 \
	(POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP)

static long poll_for(int fd, short events, int timeout)
{
	struct pollfd wait = { .fd = fd, .events = events };
	int ready = poll(&wait, 1, timeout);

	return ready < 0 ? -errno : ready ? wait.revents : 0;
}

static long poll_forever(int fd)
{
	return poll_for(fd, ALL_EVENTS, -1);
}

static long select_forever(int fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	if (select(fd + 1, &set, NULL, NULL, NULL) < 0)
		return -errno;
	return FD_ISSET(fd, &set);
}

void abi_poll(void)
{
	int fd = device_open(O_RDWR), writer = device_open(O_WRONLY);
	struct sleeper poller, selecter;

	tap_is(poll_for(fd, ALL_EVENTS, 0), 0,
	       "poll reports nothing while the file is not outdated");
	sleeper_start(&poller, poll_forever, fd);
	sleeper_start(&selecter, select_forever, fd);
	tap_ok(sleeper_asleep(&poller),
	       "poll sleeps while the file is not outdated, asked for writing, too");
	tap_ok(sleeper_asleep(&selecter), "select sleeps while the file is not outdated");
	trigger(0);
	tap_is(sleeper_result(&poller), POLLIN | POLLRDNORM,
	       "an event wakes poll, which reports POLLIN and POLLRDNORM and nothing else");
	tap_is(sleeper_result(&selecter), 1,
	       "an event wakes select, which reports the file as readable");
	tap_is(poll_for(fd, ALL_EVENTS, 0), POLLIN | POLLRDNORM,
	       "poll goes on reporting until the file acknowledges");
	tap_is(poll_for(fd, POLLOUT | POLLWRNORM, 0), 0, "poll never reports POLLOUT");
	tap_is(poll_for(writer, POLLOUT | POLLWRNORM, 0), 0,
	       "not for a file opened for writing alone either");
	acknowledge_now(fd);
	tap_is(poll_for(fd, ALL_EVENTS, 0), 0,
	       "poll reports nothing after the file has acknowledged");
	device_close(fd);
	device_close(writer);
}

static int epoll_with(int fd, uint32_t how)
{
	struct epoll_event event = { .events = EPOLLIN | how, .data.u32 = 7 };
	int set = epoll_create1(EPOLL_CLOEXEC);

	must(set >= 0);
	must(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
	return set;
}

static long epoll_for(int set, int timeout)
{
	struct epoll_event event = { 0 };
	int ready = epoll_wait(set, &event, 1, timeout);

	return ready < 0 ? -errno : ready ? (long)event.events : 0;
}

static long epoll_forever(int set)
{
	return epoll_for(set, -1);
}

void abi_epoll(void)
{
	int fd = device_open(O_RDWR);
	int level = epoll_with(fd, 0), edge = epoll_with(fd, EPOLLET);
	int only[3];
	struct sleeper sleepers[3];
	int woken = 0;

	tap_is(epoll_for(level, 0), 0, "epoll reports nothing while the file is not outdated");
	sleeper_start(&sleepers[0], epoll_forever, level);
	must(sleeper_asleep(&sleepers[0]));
	trigger(0);
	tap_is(sleeper_result(&sleepers[0]), EPOLLIN, "an event wakes epoll_wait");
	tap_is(epoll_for(level, 0), EPOLLIN,
	       "level triggered, it reports until the file acknowledges");
	tap_is(epoll_for(edge, 0), EPOLLIN, "edge triggered, it reports an event");
	tap_is(epoll_for(edge, 0), 0, "edge triggered, it reports it once");
	trigger(0);
	tap_is(epoll_for(edge, 0), EPOLLIN,
	       "edge triggered, it reports the next event though nobody acknowledged");
	acknowledge_now(fd);
	tap_is(epoll_for(level, 0), 0,
	       "level triggered, it reports nothing after the acknowledgement");
	must(ioctl(fd, SYSGENID_MARK_OUTDATED, 0) == 0);
	tap_is(epoll_for(edge, 0), EPOLLIN, "edge triggered, it reports that the file was marked");
	acknowledge_now(fd);

	for (int i = 0; i < 3; i++) {
		only[i] = epoll_with(fd, EPOLLEXCLUSIVE);
		sleeper_start(&sleepers[i], epoll_forever, only[i]);
		must(sleeper_asleep(&sleepers[i]));
	}
	trigger(0);
	for (int i = 0; i < 3; i++)
		woken += sleeper_result(&sleepers[i]) == EPOLLIN;
	tap_is(woken, 3, "an event wakes everybody, EPOLLEXCLUSIVE or not");
	for (int i = 0; i < 3; i++)
		device_close(only[i]);
	device_close(level);
	device_close(edge);
	device_close(fd);
}
