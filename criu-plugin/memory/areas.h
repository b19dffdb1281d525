/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas of memory that an image has recorded, in tasks that were restored from it. */
#ifndef SYSGENID_AREAS_H
#define SYSGENID_AREAS_H

#include <sys/types.h>

#include "image.h"

/*
 * Clears those of the areas that are a stopped task's and not clear yet; also memory that "criu lazy-pages" has not brought
 * yet. The areas must be in the order in which sysgenid_image_decode() leaves them. A task that is gone has none.
 * Returns 0 or the first -errno; the other areas are cleared all the same:
 *	-EFAULT	there is no such private memory without a file
 *	-EACCES	its pages are still to come, and the task may not read it
 *	-EFBIG	it has too many pages to look at or to wait for
 */
int sysgenid_areas_clear(pid_t pid, SysgenidRngArea *const *areas, size_t n);

#endif
