// SPDX-License-Identifier: GPL-2.0-only
#include "signals.h"

#include "../base/report.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

int overseer_catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < 6; i++)
		sigaddset(&set,
			  (const int[]){ SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 }[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void overseer_reap(struct overseer *overseer, pid_t which)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(which, &status, WNOHANG)) > 0)
		if (pid == overseer->child)
			/* The exit status that a shell gives. */
			overseer->status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * Returns whether the child has got the signal as well: a terminal sends what is typed to all of
 * its foreground processes.
 */
static bool has_it_too(pid_t child, const struct signalfd_siginfo *info)
{
	return info->ssi_signo == SIGINT && info->ssi_code == SI_KERNEL &&
	       getpgid(child) == getpgrp();
}

bool overseer_stops(struct overseer *overseer)
{
	struct signalfd_siginfo info;

	while (read(overseer->signals, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD)
			continue;
		if (overseer->child && has_it_too(overseer->child, &info))
			continue;
		if (overseer->child)
			kill(overseer->child, number);
		else if (number == SIGTERM || number == SIGINT)
			overseer->status = TOOL_OK;
	}
	if (overseer->child)
		overseer_reap(overseer, overseer->child);
	return overseer->status >= 0;
}
