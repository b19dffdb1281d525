/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to the module, over one socket that the first request opens. A request with the argument
 * device also finds out which device is the counter: from the module's answer or, without an
 * answer, from sysfs or /proc/misc.
 *
 * All requests return 0, or -errno with why filled in; -ENOENT: the module is not loaded.
 */
#ifndef SYSGENID_MODULE_H
#define SYSGENID_MODULE_H

#include <stdint.h>

#include "device.h"

struct sysgenid_reason {
	char text[256];
};

/*
 * Sets *highest to the highest generation that a PID namespace has ever had. pid_namespace: a
 * descriptor of the namespace; -1: criu's own namespace.
 */
int sysgenid_module_ask(int pid_namespace, struct sysgenid_device *device, uint32_t *highest,
			struct sysgenid_reason *why);

/*
 * Sets *domain to the domain of this process, which is the inode number of its PID namespace; 0:
 * the module is an old one that has the system's domain only.
 */
int sysgenid_module_domain(uint32_t *domain, struct sysgenid_reason *why);

/*
 * Begins a new generation in a PID namespace; pid_namespace -1: in the whole machine. flags: those
 * of sysgenid_trigger() in libsysgenid.
 */
int sysgenid_module_trigger(int pid_namespace, uint32_t min, unsigned int flags,
			    struct sysgenid_device *device, uint32_t *generation,
			    struct sysgenid_reason *why);

/*
 * Reseeds the kernel's random number generator; no generation begins. PID namespaces that get a
 * counter later begin above all generations so far, and at min or above.
 */
int sysgenid_module_reseed(uint32_t min, unsigned int flags, struct sysgenid_device *device,
			   struct sysgenid_reason *why);

void sysgenid_module_close(void);

#endif
