/* SPDX-License-Identifier: GPL-2.0-only */
/* The device node on this machine. */
#ifndef SYSGENID_HOOK_DEVICE_H
#define SYSGENID_HOOK_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Returns whether the module is loaded and the device node is the module's; if not, *@why says why.
 */
bool hook_device_is_good(dev_t *device, const char **why);

#endif
