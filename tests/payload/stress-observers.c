// SPDX-License-Identifier: GPL-2.0-only
/* The threads of the stress test: every way of looking at the counter, and of coming and going. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "stress.h"
#include "tap.h"

atomic_bool stopping;

static TAP_PRINTF(2, 3) void wrong(struct observer *self, const char *format, ...)
{
	va_list args;

	if (self->wrong++)
		return;
	va_start(args, format);
	vsnprintf(self->problem, sizeof(self->problem), format, args);
	va_end(args);
}

/* Checks a generation: this thread must not have seen a later one before. */
static void saw(struct observer *self, uint32_t value)
{
	if (value < self->last)
		wrong(self, "%u after %u", value, self->last);
	else if (value > self->last)
		self->seen++;
	self->last = value;
}

/* poll said that the file is outdated: read it, compare with the page, acknowledge. */
static void settle(struct observer *self, int fd, uint32_t *acknowledged)
{
	uint32_t before = generation();
	long value = read_generation(fd);
	long ret;

	if (value < 0) {
		wrong(self, "read: %s", strerror((int)-value));
		return;
	}
	if ((uint32_t)value < before)
		wrong(self, "read gives %ld when the page is at %u", value, before);
	if ((uint32_t)value <= *acknowledged)
		wrong(self, "read gives %ld when %u is acknowledged", value, *acknowledged);
	saw(self, (uint32_t)value);
	ret = acknowledge(fd, (uint32_t)value);
	if (ret == 0) {
		*acknowledged = (uint32_t)value;
		self->settled = (uint32_t)value;
	} else if (ret != -EINVAL) {
		wrong(self, "acknowledge: %s", strerror((int)-ret));
	} else if (generation() == (uint32_t)value) {
		wrong(self, "%ld is current and not accepted", value);
	}
}

static void reader(struct observer *self)
{
	uint32_t acknowledged = generation(); /* or a later one, by open */
	int fd = device_open(O_RDWR);

	while (!stopping)
		settle(self, fd, &acknowledged);
	device_close(fd);
}

static void poller(struct observer *self)
{
	uint32_t acknowledged = generation();
	int fd = device_open(O_RDWR | O_NONBLOCK);
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	while (!stopping) {
		if (poll(&wait, 1, -1) == 1)
			settle(self, fd, &acknowledged);
	}
	device_close(fd);
}

static void epoller(struct observer *self, uint32_t how)
{
	uint32_t acknowledged = generation();
	int fd = device_open(O_RDWR | O_NONBLOCK), set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN | how };

	must(set >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
	while (!stopping) {
		/* Edge triggered, there may be a report for what was settled meanwhile. */
		if (epoll_wait(set, &event, 1, -1) == 1 && (!(how & EPOLLET) || outdated(fd)))
			settle(self, fd, &acknowledged);
	}
	close(set);
	device_close(fd);
}

static void epoller_level(struct observer *self)
{
	epoller(self, 0);
}

static void epoller_edge(struct observer *self)
{
	epoller(self, EPOLLET);
}

/* In all orders, so that each way in and out of the count of watchers is taken. */
static void tracker(struct observer *self)
{
	for (uint32_t round = 0; !stopping; round++) {
		int fd = device_open(O_RDWR);

		must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
		for (uint32_t step = 0; step < 8; step++) {
			if (step & round & 1)
				acknowledge(fd, generation());
			if (step & round & 2)
				ioctl(fd, SYSGENID_MARK_OUTDATED, 0);
			if (step & round & 4)
				ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, step & 1);
			if (ioctl(fd, SYSGENID_WAIT_WATCHERS, 1) && errno != EINTR &&
			    errno != ETIME)
				wrong(self, "WAIT_WATCHERS: %s", strerror(errno));
			saw(self, generation());
		}
		device_close(fd);
	}
}

static void opener(struct observer *self)
{
	for (uint32_t round = 0; !stopping; round++) {
		uint32_t before = generation();
		int fd = device_open(O_RDWR | O_NONBLOCK), twin;
		long value;

		if (round & 1)
			must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
		twin = dup(fd);
		device_close(fd);
		value = read_generation(twin);
		if (value >= 0 && (uint32_t)value <= before)
			wrong(self, "opened at %u or later, and outdated by %ld", before, value);
		saw(self, value < 0 ? generation() : (uint32_t)value);
		device_close(twin);
	}
}

static void mapper(struct observer *self)
{
	while (!stopping) {
		int fd = device_open(O_RDONLY);
		const volatile struct sysgenid_page *page = device_map(fd);
		uint32_t before = generation(), value;

		device_close(fd);
		value = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
		if (value < before)
			wrong(self, "a new mapping shows %u when another has shown %u", value,
			      before);
		saw(self, value);
		munmap((void *)page, PAGE);
	}
}

/* Checks the load alone, and that rng_generation is never ahead of the generation. */
static void looker(struct observer *self)
{
	uint32_t reseeded, last_reseeded = 0;

	while (!stopping) {
		reseeded = __atomic_load_n(&shared_page->rng_generation, __ATOMIC_ACQUIRE);
		saw(self, generation());
		if (reseeded > self->last || reseeded < last_reseeded)
			wrong(self, "rng_generation is %u after %u, and generation %u", reseeded,
			      last_reseeded, self->last);
		last_reseeded = reseeded;
		pause_ms(1);
	}
}

/* The sleeping observers come first: the last event must wake them, too. */
struct observer observers[] = {
	{ .name = "a reader", .body = reader },
	{ .name = "another reader", .body = reader },
	{ .name = "a poller", .body = poller },
	{ .name = "an epoll user, level triggered", .body = epoller_level },
	{ .name = "an epoll user, edge triggered", .body = epoller_edge },
	{ .name = "a tracker", .body = tracker },
	{ .name = "another tracker", .body = tracker },
	{ .name = "an opener and closer", .body = opener },
	{ .name = "a mapper", .body = mapper },
	{ .name = "one that loads the word", .body = looker },
};

const unsigned int observer_count = sizeof(observers) / sizeof(observers[0]);
