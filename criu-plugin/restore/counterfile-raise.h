/* SPDX-License-Identifier: GPL-2.0-only */
/* Raises the counter files of tasks that are restored and still stopped. */
#ifndef SYSGENID_COUNTERFILE_RAISE_H
#define SYSGENID_COUNTERFILE_RAISE_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"

/*
 * Opens the file at criu's own /dev/sysgenid. To be called before the tasks are restored: a stopped
 * task could be the server of the file system, and the call would hang. Returns 0, or -errno after
 * logging.
 */
int sysgenid_counterfiles_prepare(void);

/*
 * Raises the generation in each counter file of the task above the image's mark, once for each
 * file. image: NULL if there is none. how: SYSGENID_RAISE_*. strict: if criu's own counter file
 * cannot be raised, refuse also a task that could open the file but has not. Returns 0, or -errno
 * if the task must not run; in that case all tasks of this restore have been killed, and the reason
 * was logged.
 */
int sysgenid_counterfiles_raise(pid_t pid, const SysgenidImage *image, unsigned int how,
				bool strict);

#endif
