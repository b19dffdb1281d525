/* SPDX-License-Identifier: GPL-2.0-only */
/* What no hook says about a frozen task: its PID namespace, and other ways to the counter. */
#ifndef SYSGENID_INSPECT_H
#define SYSGENID_INSPECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "image.h"

struct sysgenid_findings {
	int pid_namespace; /* a descriptor of the tasks' namespace; -1 if it is the system's */
	bool counter_file; /* a task has a counter file */
	bool system_wide;  /* a task has the virtio-rng driver's counter */
	size_t n_known;	   /* how many counter files have been read; inspect.c's own */
};

/*
 * Adds what one task has to the findings and to the image. Returns 0, or -errno after logging:
 * the task uses the counter and that cannot be stored.
 */
int sysgenid_inspect(pid_t pid, SysgenidImage *image, struct sysgenid_findings *findings);

#endif
