/* SPDX-License-Identifier: GPL-2.0-only */
/* The system's counter, which our virtio-rng driver lets programs map from a file in sysfs. */
#ifndef SYSGENID_VRNG_H
#define SYSGENID_VRNG_H

#include <sys/types.h>

/* Where these files are. Tests have a folder of their own. */
#ifndef SYSGENID_VRNG_DIRECTORY
#define SYSGENID_VRNG_DIRECTORY "/sys/virtio-rng"
#endif

/*
 * Has the task mapped one of these files? Where its sysfs is mounted, and the file's name, do not
 * matter. Returns 1, 0 or -errno.
 */
int sysgenid_vrng_mapped(pid_t pid);

#endif
