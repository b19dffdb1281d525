// SPDX-License-Identifier: GPL-2.0-only
#include "device.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/sysgenid.h>

#include "hook.h"

#define SYSFS_DEVICE "/sys/class/misc/sysgenid/dev"

bool hook_device_is_good(dev_t *device, const char **why)
{
	unsigned int major, minor;
	FILE *file = fopen(SYSFS_DEVICE, "re");
	struct stat stat_buf;
	bool known = file && fscanf(file, "%u:%u", &major, &minor) == 2;

	if (file)
		fclose(file);
	*why = NULL;
	if (!known)
		*why = "the module sysgenid is not loaded: run 'modprobe sysgenid', or ask for the "
		       "counter file (" HOOK_ANNOTATION "=file)";
	else if (stat(SYSGENID_DEVICE, &stat_buf) || !S_ISCHR(stat_buf.st_mode) ||
		 stat_buf.st_rdev != (*device = makedev(major, minor)))
		*why = SYSGENID_DEVICE " is not the module's device: remove it and load the module "
				       "again, or let udev make it";
	return !*why;
}
