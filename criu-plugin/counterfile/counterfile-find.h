/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the counter files of a task under any name: a task may have mapped a counter file before it
 * changed its root, or have the file mounted at another path.
 */
#ifndef SYSGENID_COUNTERFILE_FIND_H
#define SYSGENID_COUNTERFILE_FIND_H

#include "counterfile-own.h"
#include "counterfile-registry.h"

struct sysgenid_counterfiles {
	struct sysgenid_counterfile *files; /* each once, and without a fault */
	size_t n;
	bool has_view;	    /* the task has the view of one of these mapped or open */
	bool covers_device; /* something is mounted at /dev/sysgenid in the root of the task */
	/*
	 * A counter file of the task that criu must not or cannot raise; without a fault if there
	 * is none. The path is that on the file's file system if the registry that criu sees does
	 * not have the file.
	 */
	struct sysgenid_counterfile unusable;
	/* The task's use of the file at criu's own /dev/sysgenid; NOT if that file is in files. */
	enum sysgenid_own own;
	bool registry_failed; /* the error is that of SYSGENID_REGISTRY */
};

/*
 * Finds the counter files that are mounted at any path in the task's mount namespace, also outside
 * of the task's root, and those that the task has mapped or open. If criu itself sees no counter
 * file, a task in another mount namespace still can have one. Returns 0 or -errno; -ESRCH: the task
 * is gone. The caller must free the result in either case.
 */
int sysgenid_counterfiles_find(pid_t pid, struct sysgenid_counterfiles *found);
void sysgenid_counterfiles_free(struct sysgenid_counterfiles *found);

/*
 * Forgets what is mounted where. Until then the mounts of tasks with the same mount namespace and
 * root are looked at once. Called at the begin and end of a dump or restore.
 */
void sysgenid_counterfiles_forget(void);

#endif
