// SPDX-License-Identifier: GPL-2.0-only
#include "device.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/sysgenid.h>

#include <counterfile-view.h>

#include "hook.h"

#define REMEDY                                                                                     \
	" is not the module's device: remove it and load the module again, or let udev make it"

const struct hook_device hook_counter = {
	.path = SYSGENID_DEVICE,
	.node = SYSGENID_DEVICE,
	.sysfs = "/sys/class/misc/sysgenid/dev",
	.mode = 0666,
	.access = "rw",
	.missing = "the module sysgenid is not loaded: run 'modprobe sysgenid', or ask for the "
		   "counter file (" HOOK_ANNOTATION "=file)",
	.wrong = SYSGENID_DEVICE REMEDY,
};

const struct hook_device hook_view = {
	.path = SYSGENID_VIEW_AT,
	.node = SYSGENID_VIEW_DEVICE,
	.sysfs = "/sys/class/misc/sysgenid-vmclock/dev",
	.mode = 0444,
	.access = "r",
	.missing = "the module sysgenid is not loaded, or has no view: run 'modprobe sysgenid', or "
		   "ask for the view as a file (" HOOK_ANNOTATION_VIEW "=file)",
	.wrong = SYSGENID_VIEW_DEVICE REMEDY,
};

bool hook_device_is_good(const struct hook_device *wanted, dev_t *device, const char **why)
{
	unsigned int major, minor;
	FILE *file = fopen(wanted->sysfs, "re");
	struct stat stat_buf;
	bool known = file && fscanf(file, "%u:%u", &major, &minor) == 2;

	if (file)
		fclose(file);
	*why = NULL;
	if (!known)
		*why = wanted->missing;
	else if (stat(wanted->node, &stat_buf) || !S_ISCHR(stat_buf.st_mode) ||
		 stat_buf.st_rdev != (*device = makedev(major, minor)))
		*why = wanted->wrong;
	return !*why;
}
