// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>

#include "refuse.h"
#include "tasks.h"

static bool refused;

void sysgenid_refuse_reset(void)
{
	refused = false;
}

bool sysgenid_is_refused(void)
{
	return refused;
}

void sysgenid_refuse_tasks(pid_t pid)
{
	refused = true;
	/*
	 * This task is killed first, without a descriptor. Finding the other tasks takes
	 * descriptors, and there may be none left.
	 */
	if (pid > 0)
		kill(pid, SIGKILL);
	sysgenid_kill_tasks();
}
