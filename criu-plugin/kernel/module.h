/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's answers, over one socket that is opened when it is first needed. Each also finds
 * out which device is the counter (sysgenid_plugin.device), from the answer or otherwise.
 *
 * All return 0 or -errno with why filled in; -ENOENT says that the module is not loaded.
 */
#ifndef SYSGENID_MODULE_H
#define SYSGENID_MODULE_H

#include <stdint.h>

struct sysgenid_reason {
	char text[256];
};

/*
 * highest: the highest generation ever given out in a PID namespace, of which pid_namespace is a
 * descriptor; -1: in criu's own
 */
int sysgenid_module_ask(int pid_namespace, uint32_t *highest, struct sysgenid_reason *why);

/* pid_namespace as above, but -1: the whole machine. flags: those of sysgenid_trigger() */
int sysgenid_module_trigger(int pid_namespace, uint32_t min, unsigned int flags,
			    uint32_t *generation, struct sysgenid_reason *why);

/*
 * Reseeds the kernel's random number generator and moves nothing; PID namespaces that get a counter
 * after this begin above all that began before, and not below min.
 */
int sysgenid_module_reseed(uint32_t min, unsigned int flags, struct sysgenid_reason *why);

/* Closes the socket. */
void sysgenid_module_close(void);

#endif
