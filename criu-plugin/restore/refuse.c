// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <string.h>
#include <unistd.h>

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

int sysgenid_refuse_tasks(pid_t pid)
{
	refused = true;
	/*
	 * This task is killed first, without a descriptor. Finding the other tasks takes
	 * descriptors, and there may be none left.
	 */
	if (pid > 0)
		kill(pid, SIGKILL);
	return sysgenid_kill_tasks();
}

void sysgenid_refuse_finish(int error)
{
	if (!error)
		return;
	sysgenid_err("cannot find the other restored tasks, which must be killed: %s. criu ends at "
		     "once, and they with it",
		     strerror(-error));
	_exit(1);
}
