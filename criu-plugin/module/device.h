/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds out which device node is the counter, even if the module does not answer. */
#ifndef SYSGENID_DEVICE_H
#define SYSGENID_DEVICE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

enum sysgenid_device_state {
	SYSGENID_DEVICE_ABSENT,	 /* the module is not loaded */
	SYSGENID_DEVICE_KNOWN,	 /* the module is loaded, and the device's number is known */
	SYSGENID_DEVICE_UNKNOWN, /* the module may be loaded */
};

struct sysgenid_device {
	enum sysgenid_device_state state;
	dev_t number; /* when KNOWN */
	dev_t view;   /* the counter as a VMClock page; 0: there is none, or it is unknown */
};

/* Sets the device from the minors that the module has answered; view_minor 0: it has no view. */
void sysgenid_device_set(struct sysgenid_device *device, unsigned int minor,
			 unsigned int view_minor);

/* Finds the device in sysfs or /proc/misc, without asking the module. */
void sysgenid_device_find(struct sysgenid_device *device);

/* Is the node certainly the counter, or a view of it? */
bool sysgenid_device_is(const struct sysgenid_device *device, const struct stat *stat);
bool sysgenid_device_is_view(const struct sysgenid_device *device, const struct stat *stat);

/*
 * Can the node be the counter? If the counter's number is unknown, each misc device with a minor
 * for local use can be.
 */
bool sysgenid_device_may_be(const struct sysgenid_device *device, const struct stat *stat);

#endif
