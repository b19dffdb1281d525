/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes and removes counter files. Each function returns 0 or -errno. */
#ifndef SYSGENID_HOOK_COUNTERFILE_H
#define SYSGENID_HOOK_COUNTERFILE_H

#include <stdbool.h>

#include <counterfile-page.h>

/* Makes the counter called @name unless it is there. -ENOTTY: what is there is none. */
int hook_counterfile_make(const char *name);

/*
 * Removes the one called @name, if not NULL, and, with @stale, those that are an hour old, but kept
 * ones and the node's.
 * -EBUSY: some are mounted and stay; -EACCES: nobody can know, and all stay. This process may be in
 * another mount namespace afterwards.
 */
int hook_counterfile_remove(const char *name, bool stale);

/* Lets it stay until somebody removes it by name. */
int hook_counterfile_keep(const char *name);

/* An error of these functions in words. */
const char *hook_reason(int error);

#endif
