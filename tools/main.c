// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid: look at, watch and move the system generation counter. */
#include "base/report.h"
#include "commands.h"
#include "doctor/doctor.h"
#include "inspect/inspect.h"
#include "overseer/quiesce.h"
#include "overseer/run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: sysgenid COMMAND [OPTION...]\n"
	"\n"
	"Looks at and moves the system generation counter, a number that is different after every\n"
	"restore of this machine, or of processes on it, from a snapshot.\n"
	"\n"
	"  status [--pid PID]                       show where the counter is\n"
	"  watch [--count N]                        print a line for every change\n"
	"  trigger [--min N] [--force] [--pid PID | --container ID]\n"
	"                                           move the counter, reseed the kernel's RNG\n"
	"  wait [--timeout MS]                      wait until all watchers have acknowledged\n"
	"  await [--timeout MS]                     wait until this is restored, or goes on\n"
	"  doctor [--live]                          check what restores of containers need here\n"
	"  inspect --pid PID                        say what clones of a process would share\n"
	"  run [-- COMMAND]                         run scripts after every change, and report\n"
	"  quiesce, unquiesce                       run scripts before and after a snapshot\n"
	"\n"
	"Every command knows --help.  sysgenid --version prints the version.\n"
	"\n"
	"exit status: 0 done, 1 failure, 2 wrong usage, 3 time limit, 4 no permission,\n"
	"             5 the kernel module is not there, 6 doctor or inspect found problems\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "status", tool_status },   { "watch", tool_watch },	  { "trigger", tool_trigger },
	{ "wait", tool_wait },	     { "await", tool_await },	  { "doctor", tool_doctor },
	{ "run", tool_run },	     { "quiesce", tool_quiesce }, { "unquiesce", tool_quiesce },
	{ "inspect", tool_inspect },
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	/* The caller may have ignored SIGCHLD; then children would leave no status behind. */
	signal(SIGCHLD, SIG_DFL);
	if (!name) {
		tool_say("no command given: see 'sysgenid --help'");
		return TOOL_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return tool_print(help);
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return tool_print("sysgenid " SYSGENID_VERSION "\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	tool_say("unknown command '%s': see 'sysgenid --help'", name);
	return TOOL_USAGE;
}
