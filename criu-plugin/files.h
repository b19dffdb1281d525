/* SPDX-License-Identifier: GPL-2.0-only */
/* Open files and mappings of the counter. */
#ifndef SYSGENID_FILES_H
#define SYSGENID_FILES_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "image.h"

/* device: major and minor of the counter on this machine */
bool sysgenid_is_counter(const struct stat *stat, dev_t device);

/* Each logs what is wrong and returns 0 or -errno. */
int sysgenid_file_dump(int fd, int id, SysgenidImage *image);
int sysgenid_mapping_dump(int fd, SysgenidImage *image);

/*
 * Runs inside the task that is being restored. Returns a descriptor of a file that is outdated
 * and tracked as it was, or -errno after logging.
 */
int sysgenid_file_restore(const SysgenidFile *file, dev_t device);

/* Is what a stopped task has mapped where it had mapped the counter really the counter? */
int sysgenid_mappings_check(pid_t pid, const SysgenidImage *image, dev_t device);

#endif
