/* SPDX-License-Identifier: GPL-2.0-only */
/* Counter files of tasks that are restored and still stopped. */
#ifndef SYSGENID_COUNTERFILE_RAISE_H
#define SYSGENID_COUNTERFILE_RAISE_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"

/*
 * Raises the generation in each counter file of the task above the image's mark, once for each
 * file. image: NULL if there is none; reseeded: the kernel's generator has been reseeded for this
 * restore. Returns 0, or -errno if the task must not run: then all tasks of this restore have
 * been killed, and the reason was logged.
 */
int sysgenid_counterfiles_raise(pid_t pid, const SysgenidImage *image, bool reseeded);

#endif
