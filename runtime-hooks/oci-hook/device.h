/* SPDX-License-Identifier: GPL-2.0-only */
/* The device node on this machine. */
#ifndef SYSGENID_HOOK_DEVICE_H
#define SYSGENID_HOOK_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

/* Is the module there, and the device node what it says? Else *@why is a sentence. */
bool hook_device_is_good(dev_t *device, const char **why);

#endif
