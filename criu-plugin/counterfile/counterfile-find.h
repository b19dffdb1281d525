/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the counter files of a task, by whatever name. The task may have mapped one and changed
 * its root since, or have it mounted somewhere else.
 */
#ifndef SYSGENID_COUNTERFILE_FIND_H
#define SYSGENID_COUNTERFILE_FIND_H

#include "counterfile-own.h"
#include "counterfile-registry.h"

struct sysgenid_counterfiles {
	struct sysgenid_counterfile *files; /* each once */
	size_t n;
	bool covers_device; /* something is mounted at /dev/sysgenid in the root of the task */
	/* The one at criu's own /dev/sysgenid, if it is not among "files". */
	enum sysgenid_own own;
};

/* Can any task have a counter file? Returns 1, 0, or -errno: nobody knows. */
int sysgenid_counterfiles_in_use(void);

/*
 * Finds counter files that are mounted where the task can see them, at whatever path, and those
 * that it has mapped or open. Returns 0 or -errno; -ESRCH: the task is gone. Free the result in
 * either case.
 */
int sysgenid_counterfiles_find(pid_t pid, struct sysgenid_counterfiles *found);
void sysgenid_counterfiles_free(struct sysgenid_counterfiles *found);

#endif
