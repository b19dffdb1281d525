// SPDX-License-Identifier: LGPL-2.1-or-later
/* Waiting for a descriptor until a point in time. */
#define _GNU_SOURCE
#include "deadline.h"

#include <errno.h>
#include <poll.h>

#include <clock.h>

#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_MSEC 1000000LL

struct sysgenid_deadline sysgenid_deadline_in(int timeout_ms)
{
	struct sysgenid_deadline deadline = { .span_ns = timeout_ms * NSEC_PER_MSEC };

	deadline.end_ns = sysgenid_now_ns() + deadline.span_ns;
	return deadline;
}

int sysgenid_poll(int fd, const struct sysgenid_deadline *deadline)
{
	struct pollfd poll = { .fd = fd, .events = POLLIN };
	struct timespec left, *limit = NULL;
	int ready;

	if (deadline->span_ns >= 0) {
		int64_t ns = deadline->end_ns - sysgenid_now_ns();

		/*
		 * In a process that was restored on a host with another uptime the clock jumps. One
		 * sleep is never longer than the time limit.
		 */
		if (ns > deadline->span_ns)
			ns = deadline->span_ns;
		if (ns < 0)
			ns = 0;
		left.tv_sec = ns / NSEC_PER_SEC;
		left.tv_nsec = ns % NSEC_PER_SEC;
		limit = &left;
	}
	ready = ppoll(&poll, 1, limit, NULL);
	if (ready < 0)
		return -errno;
	if (ready == 0)
		return -ETIME;
	return poll.revents & POLLNVAL ? -EBADF : 0;
}
