/* SPDX-License-Identifier: GPL-2.0-only */
/* Open files and mappings of the counter, at dump. */
#ifndef SYSGENID_DUMP_FILES_H
#define SYSGENID_DUMP_FILES_H

#include <sys/stat.h>

#include "device.h"
#include "image.h"

/*
 * Fills in type, mode, device and number of links of an open file, as the kernel knows them. No
 * file system's server is asked, since a frozen task may be that server. Returns 0 or -errno.
 */
int sysgenid_file_stat(int fd, struct stat *stat);

/* Store an open file, or a mapped path, in the image. Return 0 or -errno after logging. */
int sysgenid_file_dump(int fd, int id, enum sysgenid_node node, SysgenidImage *image);
int sysgenid_mapping_dump(int fd, enum sysgenid_node node, SysgenidImage *image);

#endif
