/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock for time limits. Nobody sets this clock, but a restore may make it jump.
 */
#ifndef SYSGENID_CLOCK_H
#define SYSGENID_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t sysgenid_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t sysgenid_now_ms(void)
{
	return sysgenid_now_ns() / 1000000;
}

#endif
