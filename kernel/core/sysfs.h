/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_SYSFS_H
#define SYSGENID_SYSFS_H

#include <linux/sysfs.h>

extern const struct attribute_group *sysgenid_sysfs_groups[];

#endif /* SYSGENID_SYSFS_H */
