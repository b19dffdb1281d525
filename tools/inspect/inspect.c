// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid inspect: what in a process will be the same in every clone. */
#include "inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cleanup.h>

#include "../base/options.h"
#include "../base/report.h"
#include "../base/finding.h"
#include "files.h"
#include "known.h"

static const char help[] =
	"usage: sysgenid inspect --pid PID [--json]\n"
	"\n"
	"Says what in a process will be the same in every clone that is restored from a snapshot "
	"of\n"
	"it: random generators in its memory, and whether something renews them, and what must "
	"not\n"
	"exist twice, such as TCP connections.  The process goes on undisturbed.\n"
	"\n"
	"  --pid PID  the process; its children are looked at one by one\n"
	"  --json     print a JSON object\n"
	"\n"
	"What is linked into a program is not seen, nor what it has drawn already.\n"
	"\n"
	"exit status: 0 nothing was found that would be the same, 6 something was\n";

static void check_counter(const struct inspected *process)
{
	if (process->counter_mapped || process->counter_open)
		finding_add(FINDING_GOOD, "counter", NULL, "the process has the counter %s",
			    process->counter_mapped ? "mapped" : "open");
	else
		finding_add(FINDING_NOTE, "counter", NULL,
			    "the process has the counter neither open nor mapped: it does not "
			    "notice a restore by itself");
}

static void check_memory(const struct inspected *process)
{
	if (process->droppable)
		finding_add(FINDING_GOOD, "memory",
			    "see with 'sysgenid doctor' that criu loads the plugin",
			    "libc keeps a state of getrandom, which criu's plugin clears");
	if (process->wipe_on_fork)
		finding_add(
			FINDING_NOTE, "memory", "set wipe-on-fork = yes in /etc/sysgenid/criu.conf",
			"there is memory that a fork would clear, and a restore clears only by a "
			"switch");
}

static void report(const struct inspect_kind *kind, enum finding_state state, const char *check,
		   const char *what, const char *advice)
{
	char text[INSPECT_SHOWN * 162 + 1] = "";

	if (!kind->n)
		return;
	for (unsigned int i = 0; i < kind->n && i < INSPECT_SHOWN; i++) {
		strcat(text, i ? ", " : "");
		strcat(text, kind->shown[i]);
	}
	finding_add(state, check, advice, "%u %s: %s%s", kind->n, what, text,
		    kind->n > INSPECT_SHOWN ? ", ..." : "");
	finding_add_number("number", kind->n);
}

static void check_files(const struct inspect_files *files)
{
	report(&files->connected, FINDING_PROBLEM, "socket", "open connections",
	       "close them before the dump: the other end knows one of the clones only");
	report(&files->listening, FINDING_NOTE, "socket", "bound addresses",
	       "give each clone a network namespace, or an address, of its own");
	report(&files->locked, FINDING_NOTE, "lock", "locked files",
	       "give each clone a file system of its own");
	report(&files->devices, FINDING_NOTE, "device", "open devices",
	       "find out what state the device keeps for the process");
}

static int inspect(pid_t pid)
{
	struct inspected process = { .pid = pid };
	struct inspect_files files = { 0 };
	int result = inspect_mappings(&process);

	if (!result)
		result = inspect_open_files(&process, &files);
	if (!result && !process.n_paths)
		result = -ESRCH;
	if (!result) {
		check_counter(&process);
		inspect_libraries(&process);
		inspect_runtimes(&process);
		check_memory(&process);
		check_files(&files);
		if (!findings_have_problems())
			finding_add(FINDING_GOOD, "clones", NULL,
				    "nothing was found that clones of this process would share");
	}
	inspect_free(&process);
	return result;
}

static int fail(uint32_t pid, int result)
{
	tool_say("inspect: cannot look at process %u: %s%s", pid, strerror(-result),
		 result == -EACCES || result == -EPERM
			 ? ": run it as root, or as the process's user"
		 : result == -ESRCH ? ": it has ended, or is a kernel thread"
				    : "");
	return result == -EACCES || result == -EPERM ? TOOL_NO_PERMISSION : TOOL_FAILED;
}

int tool_inspect(int argc, char **argv)
{
	bool json = false;
	uint32_t pid = 0;
	const struct tool_option options[] = {
		{ "json", 'j', .flag = &json },
		{ "pid", 'p', .pid = &pid },
		{ 0 },
	};
	int status = tool_options(argc, argv, help, options), result;

	if (status != TOOL_GO_ON)
		return status;
	if (!pid) {
		tool_say("inspect: give a process: --pid PID");
		return TOOL_USAGE;
	}
	findings_begin(json);
	result = inspect((pid_t)pid);
	return result ? fail(pid, result) : findings_end();
}
