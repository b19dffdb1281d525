/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtio-rng driver's device. */
#ifndef VRNG_H
#define VRNG_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/notifier.h>
#include <linux/workqueue.h>

#include "leak.h"
#include "requests.h"

struct vrng {
	struct virtio_device *vdev;
	int index;
	char name[32];			/* virtio_rng.N */
	struct work_struct status_work; /* reads the device's status */
	struct vrng_requests requests;
	struct vrng_leak leak;

	/* sysfs.c */
	struct kobject kobj;
	struct completion released; /* nobody has @kobj any more */
	struct notifier_block changed;
};

#endif /* VRNG_H */
