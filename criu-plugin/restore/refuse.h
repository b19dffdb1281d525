/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refusing a restore whose tasks exist already. criu before 4.3 ignores what a hook returns by
 * then, so the tasks are killed.
 */
#ifndef SYSGENID_REFUSE_H
#define SYSGENID_REFUSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "log.h"

/* Forgets an earlier restore of this process. */
void sysgenid_refuse_reset(void);

/* Has this restore been refused? */
bool sysgenid_is_refused(void);

/* Kills the task, if pid is above 0, and all others that criu holds. */
void sysgenid_refuse_tasks(pid_t pid);

/*
 * Kills first and logs afterwards. Logging can take for ever when nobody reads standard error,
 * and if criu is killed meanwhile, the kernel lets its tasks run.
 */
#define sysgenid_refuse(pid, ...)                                                                  \
	do {                                                                                       \
		sysgenid_refuse_tasks(pid);                                                        \
		sysgenid_err(__VA_ARGS__);                                                         \
	} while (0)

#endif
