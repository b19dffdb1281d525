/* SPDX-License-Identifier: GPL-2.0-only */
/* The mappings of a task, as /proc/PID/maps shows them. */
#ifndef SYSGENID_MAPS_H
#define SYSGENID_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sysgenid_vma {
	uint64_t start;
	uint64_t end;
	char perms[5];	  /* "rw-p" */
	dev_t device;	  /* of the file's file system */
	uint64_t inode;	  /* 0: no file */
	const char *path; /* "" if there is none; may be "[heap]" and the like */
	/* Filled in only if flags were asked for: */
	bool droppable;
	bool wipe_on_fork;
	bool lazy; /* a userfaultfd brings missing pages */
};

/* Anything but 0 ends the walk and becomes its result. */
typedef int (*sysgenid_vma_fn)(const struct sysgenid_vma *vma, void *argument);

/*
 * Calls fn for each mapping of a task. flags: fill in the mapping's flags, too, which is slower.
 * Returns 0, what fn returned, or -errno. A task that is gone, or a zombie, has no mappings.
 */
int sysgenid_for_each_vma(pid_t pid, bool flags, sysgenid_vma_fn fn, void *argument);

#endif
