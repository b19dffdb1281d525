/* SPDX-License-Identifier: GPL-2.0-only */
/* Open files and mappings of the counter. */
#ifndef SYSGENID_FILES_H
#define SYSGENID_FILES_H

#include "device.h"
#include "image.h"

/*
 * Fills in type, mode, device and number of links of an open file as the kernel knows them: no file system's server is
 * asked, which may be one of the frozen tasks. Returns 0 or -errno.
 */
int sysgenid_file_stat(int fd, struct stat *stat);

/* Each logs what is wrong and returns 0 or -errno. */
int sysgenid_file_dump(int fd, int id, SysgenidImage *image);
int sysgenid_mapping_dump(int fd, SysgenidImage *image);

/*
 * Runs inside the task that is being restored. Makes sure that the generation of its PID namespace
 * is above the image's mark, whatever other PID namespaces have, and that it is another one than before if
 * they share it. Returns 0 or -errno after logging.
 */
int sysgenid_files_raise(const char *path, const SysgenidImage *image);

/* Before any task is restored. */
int sysgenid_files_share(void);

/*
 * The same, and returns a descriptor of a file that is outdated and tracked as it was, or -errno
 * after logging.
 */
int sysgenid_file_restore(const SysgenidFile *file, const SysgenidImage *image,
			  const struct sysgenid_device *device);

/*
 * Also in that task, before criu maps something from path: what was the counter must be the
 * counter and above the image's mark, and what may be the counter must be known to the image, if
 * there is one (NULL: none). Returns 0 or -errno after logging.
 */
int sysgenid_mapping_check(const char *path, const SysgenidImage *image,
			   const struct sysgenid_device *device);

#endif
