/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes and removes counter files. Each function returns 0 or -errno. */
#ifndef SYSGENID_HOOK_COUNTERFILE_H
#define SYSGENID_HOOK_COUNTERFILE_H

#include <stdbool.h>

#include <counterfile-page.h>

/*
 * Makes the counter file called @name and its view, unless they exist. -ENOTTY: another file has
 * the name of one.
 */
int hook_counterfile_make(const char *name);

/*
 * Removes the counter file called @name, if @name is not NULL, and with @stale all that are more
 * than an hour old, except the node's and those that are to be kept. -EBUSY: some are mounted and
 * stay; -EACCES: it cannot be found out which are mounted, and all stay. This process may be in
 * another mount namespace afterwards.
 */
int hook_counterfile_remove(const char *name, bool stale);

/* Keeps the counter file until it is removed by name: it does not count as stale. */
int hook_counterfile_keep(const char *name);

/* Describes an error of these functions. */
const char *hook_reason(int error);

#endif
