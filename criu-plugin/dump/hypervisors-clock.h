/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's own VMClock page at dump. At restore the view of the counter takes its place. */
#ifndef SYSGENID_HYPERVISORS_CLOCK_H
#define SYSGENID_HYPERVISORS_CLOCK_H

#include "image.h"

/*
 * Notes in the image that a task has the page open or mapped, and raises the image's mark to the
 * page's counters. So after a restore the view shows a number that the task has not seen in the
 * page. Returns 0 or -errno after logging.
 */
int sysgenid_clock_dump(int fd, SysgenidImage *image);

#endif
