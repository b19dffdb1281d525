/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open files and mappings of the counter, at restore. All return -errno after logging. Restoring
 * a file, or checking a mapping, also makes sure that the generation of the task's PID namespace
 * is above the image's mark. If the restored tasks share a PID namespace with others, one of the
 * tasks begins a new generation there in any case.
 */
#ifndef SYSGENID_RESTORE_FILES_H
#define SYSGENID_RESTORE_FILES_H

#include "device.h"
#include "image.h"

/*
 * Runs inside the task that is being restored. Returns a descriptor of a file that is outdated, and
 * tracked as it was.
 */
int sysgenid_file_restore(const SysgenidFile *file, const SysgenidImage *image,
			  const struct sysgenid_device *device);

/*
 * Runs inside the task that is being restored, before criu maps something from path. A path that
 * was the counter must be the counter. A path that may be the counter must be known to the image;
 * image is NULL if there is none. Returns 1 if it is the counter, and 0 if it is not.
 */
int sysgenid_mapping_check(const char *path, const SysgenidImage *image,
			   const struct sysgenid_device *device);

#endif
