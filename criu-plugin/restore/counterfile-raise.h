/* SPDX-License-Identifier: GPL-2.0-only */
/* Counter files of tasks that are restored and still stopped. */
#ifndef SYSGENID_COUNTERFILE_RAISE_H
#define SYSGENID_COUNTERFILE_RAISE_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"

/*
 * To be called before the tasks are restored, with nothing stopped that could serve a file.
 * Returns 0, or -errno after logging.
 */
int sysgenid_counterfiles_prepare(void);

/*
 * Raises the generation in each counter file of the task above the image's mark, once for each
 * file. image: NULL if there is none; reseeded: the kernel's generator has been reseeded for this
 * restore; strict: a task that only could open a counter file that does not move is refused, too.
 * Returns 0, or -errno if the task must not run: then all tasks of this restore have
 * been killed, and the reason was logged.
 */
int sysgenid_counterfiles_raise(pid_t pid, const SysgenidImage *image, bool reseeded, bool strict);

#endif
