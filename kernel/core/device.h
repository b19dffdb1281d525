/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_DEVICE_H
#define SYSGENID_DEVICE_H

#include <linux/types.h>

int sysgenid_device_register(unsigned int minor);
void sysgenid_device_unregister(void);
unsigned int sysgenid_device_minor(void);

#endif /* SYSGENID_DEVICE_H */
