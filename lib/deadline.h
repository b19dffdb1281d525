/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a descriptor until a point in time. */
#ifndef SYSGENID_DEADLINE_H
#define SYSGENID_DEADLINE_H

#include <stdint.h>

struct sysgenid_deadline {
	int64_t end_ns;	 /* CLOCK_MONOTONIC */
	int64_t span_ns; /* the whole time limit; negative: none */
};

struct sysgenid_deadline sysgenid_deadline_in(int timeout_ms);

/* Sleeps until @fd is readable. Returns 0, -ETIME, -EINTR, -EBADF, ... */
int sysgenid_poll(int fd, const struct sysgenid_deadline *deadline);

#endif
