// SPDX-License-Identifier: GPL-2.0-only
/* The time, for limits. */
#include "tool.h"

#include <time.h>

int64_t tool_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
