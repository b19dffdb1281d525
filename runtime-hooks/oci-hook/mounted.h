/* SPDX-License-Identifier: GPL-2.0-only */
/* Which counter files are mounted somewhere. */
#ifndef SYSGENID_HOOK_MOUNTED_H
#define SYSGENID_HOOK_MOUNTED_H

#include <stdbool.h>
#include <stddef.h>

#include "hook.h"

struct hook_counterfiles {
	struct {
		char name[HOOK_NAME_MAX + 1];
		bool mounted;
	} * list;
	size_t n;
};

/*
 * Marks the counter files that are mounted in the mount namespace of any task. Returns 0, or
 * -EACCES if there may be others. Afterwards this process is in another mount namespace: it must
 * use the folders that it has open.
 */
int hook_mark_mounted(int registry, struct hook_counterfiles *counters);

#endif
