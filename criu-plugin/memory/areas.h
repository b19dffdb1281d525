/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas of memory that an image has recorded, in tasks that were restored from it. */
#ifndef SYSGENID_AREAS_H
#define SYSGENID_AREAS_H

#include <sys/types.h>

#include "image.h"

/*
 * Clears the areas of a stopped task that are not clear yet, including memory that "criu
 * lazy-pages" has not brought yet. The areas must be in the order of sysgenid_image_decode(). An
 * error in one area does not keep the others from being cleared. Returns 0, also if the task is
 * gone, or the first error: -EFAULT: an area is not private memory without a file; -EACCES: pages
 * are still to come, and the task may not read the memory; -EFBIG: too many pages to look at or to
 * wait for.
 */
int sysgenid_areas_clear(pid_t pid, SysgenidRngArea *const *areas, size_t n);

#endif
