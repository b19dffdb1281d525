/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which counters in files a task has, by whatever name: it may have mapped one and changed its root
 * since, or have it mounted somewhere else.
 */
#ifndef SYSGENID_WORDFIND_H
#define SYSGENID_WORDFIND_H

#include "wordfile.h"

enum sysgenid_wordpath {
	SYSGENID_WORDPATH_NONE,	  /* there is nothing at the path */
	SYSGENID_WORDPATH_DEVICE, /* a device node */
	SYSGENID_WORDPATH_OTHER,  /* a file, maybe one of ours; or something else */
};

struct sysgenid_wordfiles {
	struct sysgenid_wordfile *files; /* each once */
	size_t n;
	enum sysgenid_wordpath at_path; /* what is at /dev/sysgenid in the root of the task */
};

/*
 * Finds those at /dev/sysgenid in the root of a task, those that it has mapped and those it has open.
 * Returns 0 or -errno; -ESRCH: the task is gone. Free them in either case.
 */
int sysgenid_wordfiles_find(pid_t pid, struct sysgenid_wordfiles *found);
void sysgenid_wordfiles_free(struct sysgenid_wordfiles *found);

#endif
