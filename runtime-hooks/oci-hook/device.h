/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's device nodes on this machine. */
#ifndef SYSGENID_HOOK_DEVICE_H
#define SYSGENID_HOOK_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

struct hook_device {
	const char *path; /* in the container */
	const char *node; /* on this machine */
	const char *sysfs;
	unsigned int mode;
	const char *access; /* for the container's device rules */
	const char *missing, *wrong;
};

extern const struct hook_device hook_counter, hook_view;

/*
 * Returns whether the module is loaded and the device node is the module's; if not, *@why says why.
 */
bool hook_device_is_good(const struct hook_device *wanted, dev_t *device, const char **why);

#endif
