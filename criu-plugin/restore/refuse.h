/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refuses a restore whose tasks exist already, by killing the tasks: criu before 4.3 ignores the
 * result of the hook that it calls at that time.
 */
#ifndef SYSGENID_REFUSE_H
#define SYSGENID_REFUSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "log.h"

/* Forgets that an earlier restore of this process was refused. */
void sysgenid_refuse_reset(void);

bool sysgenid_is_refused(void);

/* Kills the task, if pid is above 0, and all others that criu holds. */
void sysgenid_refuse_tasks(pid_t pid);

/*
 * Kills the tasks first and logs afterwards. Logging hangs if nobody reads standard error, and if
 * criu is killed meanwhile, the kernel lets criu's tasks run.
 */
#define sysgenid_refuse(pid, ...)                                                                  \
	do {                                                                                       \
		sysgenid_refuse_tasks(pid);                                                        \
		sysgenid_err(__VA_ARGS__);                                                         \
	} while (0)

#endif
