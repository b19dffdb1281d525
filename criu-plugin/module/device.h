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

#define SYSGENID_MAX_CLOCKS 4

struct sysgenid_device {
	enum sysgenid_device_state state;
	dev_t number; /* when KNOWN */
	dev_t view;   /* the counter as a VMClock page; 0: there is none, or it is unknown */
	/* The hypervisor's own VMClock pages, as sysgenid_device_find_clocks() has found them. */
	dev_t clocks[SYSGENID_MAX_CLOCKS];
	unsigned int n_clocks;
};

/* What a node is. */
enum sysgenid_node {
	SYSGENID_NODE_NONE, /* nothing that this plugin knows */
	SYSGENID_NODE_COUNTER,
	SYSGENID_NODE_VIEW,
	/*
	 * The hypervisor's own VMClock page, /dev/vmclock0 of the driver ptp_vmclock. Known by
	 * its number, whatever name a container gives it.
	 */
	SYSGENID_NODE_HYPERVISORS,
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
 * Looks for the hypervisor's VMClock pages in sysfs. To be called in criu itself: a restored task
 * has the container's sysfs, or none.
 */
void sysgenid_device_find_clocks(struct sysgenid_device *device);

enum sysgenid_node sysgenid_device_node(const struct sysgenid_device *device,
					const struct stat *stat);

/*
 * Can the node be the counter? If the counter's number is unknown, each misc device with a minor
 * for local use can be.
 */
bool sysgenid_device_may_be(const struct sysgenid_device *device, const struct stat *stat);

#endif
