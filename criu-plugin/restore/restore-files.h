/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Restores open files and checks mappings of the counter. Both functions return -errno after
 * logging. Both also make sure that the generation of the task's PID namespace is above the image's
 * mark. If the restored tasks share a PID namespace with others, one of the restored tasks begins a
 * new generation there in any case.
 */
#ifndef SYSGENID_RESTORE_FILES_H
#define SYSGENID_RESTORE_FILES_H

#include "device.h"
#include "image.h"

/*
 * Runs inside the task that is being restored. Returns a descriptor. The file is outdated, and it
 * is tracked if the dumped file was tracked.
 */
int sysgenid_file_restore(const SysgenidFile *file, const SysgenidImage *image,
			  const struct sysgenid_device *device);

/*
 * Runs inside the task that is being restored, before criu maps something from path. If the image
 * has a mapping of the counter at path, path must be the counter here. If path may be the counter,
 * the image must say that a task uses the counter. image: NULL if there is none. Returns 1 if path
 * is the counter, and 0 if it is not. If something else than path is to be mapped, *fd is set to a
 * descriptor of that.
 */
int sysgenid_mapping_check(const char *path, const SysgenidImage *image,
			   const struct sysgenid_device *device, int *fd);

#endif
