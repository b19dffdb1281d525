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

/* Kills the task, if pid is above 0, and all others that criu holds. Returns as kill_tasks(). */
int sysgenid_refuse_tasks(pid_t pid);

/* Ends criu, and with it the tasks (hold.h), if these could not be found. */
void sysgenid_refuse_finish(int error);

/*
 * Kills the tasks first and logs afterwards, since logging hangs if nobody reads standard error.
 */
#define sysgenid_refuse(pid, ...)                                                                  \
	do {                                                                                       \
		int sysgenid_refuse_error = sysgenid_refuse_tasks(pid);                            \
                                                                                                   \
		sysgenid_err(__VA_ARGS__);                                                         \
		sysgenid_refuse_finish(sysgenid_refuse_error);                                     \
	} while (0)

#endif
