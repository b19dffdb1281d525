// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include "../base/options.h"
#include "../base/report.h"
#include "adapt.h"
#include "memory.h"
#include "notify.h"
#include "scripts.h"
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCHERS_MS 10000

static const char help[] =
	"usage: sysgenid run [OPTION...] [-- COMMAND [ARGUMENT...]]\n"
	"\n"
	"Runs COMMAND, if one is given, and oversees this machine or container: after each change "
	"of\n"
	"the generation it waits for the kernel's random number generator, runs the executables "
	"of\n" TOOL_POST_RESTORE_DIR " in order, waits until all watchers have acknowledged,\n"
	"runs those of " TOOL_UNQUIESCE_DIR ", acknowledges, and reports in one line and to the\n"
	"service manager.  It is a watcher itself, and the last one.  It ends with COMMAND's exit\n"
	"status.\n"
	"\n"
	"  --dir DIR         another directory than " TOOL_POST_RESTORE_DIR "\n"
	"  --unquiesce DIR   another directory than " TOOL_UNQUIESCE_DIR "\n"
	"  --timeout MS      for each executable, in milliseconds; 0: never (default 30000)\n"
	"  --watchers MS     for the watchers, all together; 0: do not wait (default 10000)\n"
	"  --once            without COMMAND: end after one change: status 0 ready, 3 only "
	"watchers late,\n"
	"                    1 anything else\n"
	"  --json            print JSON objects\n";

static int start_command(struct overseer *overseer, char **command)
{
	sigset_t none;

	overseer->child = fork();
	if (overseer->child < 0) {
		tool_say("run: cannot start %s: %s", command[0], strerror(errno));
		return TOOL_FAILED;
	}
	if (overseer->child)
		return TOOL_OK;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	unsetenv("NOTIFY_SOCKET");
	execvp(command[0], command);
	tool_say("run: cannot start %s: %s", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int oversee(struct overseer *overseer)
{
	struct pollfd fds[] = {
		{ .fd = overseer->signals, .events = POLLIN },
		{ .fd = overseer->handle ? overseer->handle->fd : -1, .events = POLLIN },
	};

	for (;;) {
		if (overseer_stops(overseer))
			return overseer->status;
		/* Reap processes that were re-parented to this one. No script runs now. */
		overseer_reap(overseer, -1);
		if (overseer->status >= 0)
			return overseer->status;
		/*
		 * After a restore poll() ends with EINTR. The next poll() reports the change.
		 */
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return tool_fail("wait for a change", -errno, NULL);
		}
		if (fds[1].revents) {
			int status = overseer_adapt(overseer);

			if (overseer->once && overseer->status < 0)
				return status;
		}
	}
}

/* Without a counter the command runs all the same: programs must start where they always did. */
static int open_counter(struct overseer *overseer, bool has_command)
{
	int ret = sysgenid_open(&overseer->handle, NULL, 0);

	if (!ret)
		ret = sysgenid_track(overseer->handle, true);
	if (!ret) {
		overseer->done = sysgenid_generation(overseer->handle);
		return TOOL_OK;
	}
	ret = tool_fail(has_command ? "oversee the command; running it all the same"
				    : "open the device",
			ret, NULL);
	sysgenid_close(overseer->handle);
	overseer->handle = NULL;
	return has_command ? TOOL_OK : ret;
}

/*
 * Does the work that an overseer left undone when it was ended. The first overseer of a boot has
 * nothing to do.
 */
static void go_on(struct overseer *overseer)
{
	const uint32_t now = sysgenid_generation(overseer->handle);
	uint32_t done;
	const bool undone = overseer_recall(&done) && done < now;

	/*
	 * Remember before trying: otherwise a script that restarts the overseer would do so for
	 * ever.
	 */
	overseer_remember(now);
	if (undone) {
		overseer->done = done;
		(void)overseer_adapt(overseer);
	}
}

static int run(struct overseer *overseer, char **command)
{
	int ret = open_counter(overseer, command[0]);

	if (ret != TOOL_OK)
		return ret;
	overseer->signals = overseer_catch_signals();
	if (overseer->signals < 0)
		return tool_fail("catch signals", overseer->signals, NULL);
	if (command[0]) {
		ret = start_command(overseer, command);
		if (ret != TOOL_OK)
			return ret;
	}
	if (overseer->handle)
		tool_notify("READY=1\nSTATUS=watching the generation");
	if (overseer->remembers)
		go_on(overseer);
	ret = oversee(overseer);
	tool_notify("STOPPING=1");
	sysgenid_close(overseer->handle);
	return ret;
}

/* Splits the command line at "--". Returns the number of words before it. */
static int split(int argc, char **argv, char ***command)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		*command = argv + i + 1;
		argv[i] = NULL;
		return i;
	}
	*command = argv + argc;
	return argc;
}

int tool_run(int argc, char **argv)
{
	struct overseer overseer = { .directory = TOOL_POST_RESTORE_DIR,
				     .unquiesce = TOOL_UNQUIESCE_DIR,
				     .script_ms = TOOL_SCRIPT_MS,
				     .watchers_ms = WATCHERS_MS,
				     .status = -1 };
	const struct tool_option options[] = {
		{ "dir", 'd', .text = &overseer.directory },
		{ "unquiesce", 'u', .text = &overseer.unquiesce },
		{ "timeout", 't', .number = &overseer.script_ms },
		{ "watchers", 'w', .number = &overseer.watchers_ms },
		{ "once", 'o', .flag = &overseer.once },
		{ "json", 'j', .flag = &overseer.json },
		{ 0 },
	};
	char **command;
	int status;

	argc = split(argc, argv, &command);
	status = tool_options(argc, argv, help, options);
	if (status != TOOL_GO_ON)
		return status;
	if (overseer.once && command[0]) {
		tool_say("run: --once ends after a change and a command goes on: give one of them");
		return TOOL_USAGE;
	}
	overseer.remembers = !command[0] && !overseer.once && !geteuid() &&
			     !strcmp(overseer.directory, TOOL_POST_RESTORE_DIR) &&
			     !strcmp(overseer.unquiesce, TOOL_UNQUIESCE_DIR);
	return run(&overseer, command);
}
