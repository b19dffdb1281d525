/* SPDX-License-Identifier: GPL-2.0-only */
/* The system's counter, which our virtio-rng driver lets programs map and read in sysfs. */
#ifndef SYSGENID_VRNG_H
#define SYSGENID_VRNG_H

#include <sys/types.h>

/* Where these files are. Tests have a folder of their own. */
#ifndef SYSGENID_VRNG_DIRECTORY
#define SYSGENID_VRNG_DIRECTORY "/sys/virtio-rng"
#endif

/*
 * Has the task one of these files mapped or open? Where its sysfs is mounted, and the file's name,
 * do not matter. Returns 1, 0 or -errno.
 */
int sysgenid_vrng_used(pid_t pid);

#endif
