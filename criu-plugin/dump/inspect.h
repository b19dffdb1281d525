/* SPDX-License-Identifier: GPL-2.0-only */
/* What no hook says about a frozen task: its PID namespace, and other ways to the counter. */
#ifndef SYSGENID_INSPECT_H
#define SYSGENID_INSPECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "counterfile-own.h"
#include "counterfile-registry.h"
#include "image.h"

struct sysgenid_findings {
	int pid_namespace;     /* a descriptor of the tasks' namespace; -1 if it is the system's */
	bool system_wide;      /* a task has the virtio-rng driver's counter */
	enum sysgenid_own own; /* what tasks have of the file at criu's own /dev/sysgenid */
	/* The counter files that tasks have, each once, with what it said first. */
	struct sysgenid_found_file {
		struct sysgenid_counterfile file;
		uint32_t generation;
	} * files;
	size_t n_files;
};

/*
 * Adds what one task has to the findings and to the image. Returns 0, or -errno after logging:
 * the task uses the counter and that cannot be stored.
 */
int sysgenid_inspect(pid_t pid, SysgenidImage *image, struct sysgenid_findings *findings);

/* Does a task have a counter file? One that it could only open is none. */
bool sysgenid_findings_have_file(const struct sysgenid_findings *findings);

/* Frees the list of files; the caller closes the descriptor. */
void sysgenid_findings_free(struct sysgenid_findings *findings);

#endif
