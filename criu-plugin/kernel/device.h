/* SPDX-License-Identifier: GPL-2.0-only */
/* Which device node is the counter, also when the module itself does not answer. */
#ifndef SYSGENID_DEVICE_H
#define SYSGENID_DEVICE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

enum sysgenid_device_state {
	SYSGENID_DEVICE_ABSENT,	 /* the module is not loaded */
	SYSGENID_DEVICE_KNOWN,	 /* it is loaded, and this is its number */
	SYSGENID_DEVICE_UNKNOWN, /* it may be loaded */
};

struct sysgenid_device {
	enum sysgenid_device_state state;
	dev_t number; /* when KNOWN */
};

/* What the module itself says. */
void sysgenid_device_set(struct sysgenid_device *device, unsigned int minor);

/* Finds out otherwise. */
void sysgenid_device_find(struct sysgenid_device *device);

/* Is it the counter for sure? */
bool sysgenid_device_is(const struct sysgenid_device *device, const struct stat *stat);

/*
 * Can it be the counter? If the counter's number is unknown, each node with a number for local
 * use can be.
 */
bool sysgenid_device_may_be(const struct sysgenid_device *device, const struct stat *stat);

#endif
