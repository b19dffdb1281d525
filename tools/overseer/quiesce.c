// SPDX-License-Identifier: GPL-2.0-only
#include "quiesce.h"

#include "../base/options.h"
#include "../base/report.h"
#include "scripts.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: sysgenid quiesce [--dir DIR] [--timeout MS]\n"
	"       sysgenid unquiesce [--dir DIR] [--timeout MS]\n"
	"\n"
	"Before a snapshot: runs the executables of " TOOL_QUIESCE_DIR " in order, which make\n"
	"the workload stop serving.  If one fails the work is taken up again, and there should be\n"
	"no snapshot.  After the snapshot the original goes on with 'sysgenid unquiesce', which "
	"runs\n"
	"those of " TOOL_UNQUIESCE_DIR "; in what is restored from it, 'sysgenid run' does\n"
	"that when everybody has adapted.\n"
	"\n"
	"  --dir DIR      another directory; then it is for you to take the work up after a "
	"failure\n"
	"  --timeout MS   for each executable, in milliseconds; 0: never (default 30000)\n";

static int run_directory(const char *directory, uint32_t timeout_ms)
{
	char incarnation[TOOL_INCARNATION_TEXT] = "";
	struct tool_scripts scripts = { .directory = directory,
					.timeout_ms = timeout_ms,
					.incarnation = incarnation };
	unsigned char id[SYSGENID_INCARNATION_SIZE];
	struct tool_scripts_result result;
	struct sysgenid_status status = { 0 };

	/* This is information for the scripts, which run also without a counter. */
	(void)sysgenid_get_status(&status, NULL);
	if (!sysgenid_get_incarnation(-1, id, NULL, NULL))
		tool_format_incarnation(id, incarnation);
	scripts.generation = status.generation;
	scripts.cause = sysgenid_cause_name(status.cause);
	return tool_scripts_run(&scripts, &result) || result.failed ? TOOL_FAILED : TOOL_OK;
}

int tool_quiesce(int argc, char **argv)
{
	const bool undo = !strcmp(argv[0], "unquiesce");
	const char *directory = undo ? TOOL_UNQUIESCE_DIR : TOOL_QUIESCE_DIR;
	uint32_t timeout_ms = TOOL_SCRIPT_MS;
	const struct tool_option options[] = {
		{ "dir", 'd', .text = &directory },
		{ "timeout", 't', .number = &timeout_ms },
		{ 0 },
	};
	int status = tool_options(argc, argv, help, options);

	if (status != TOOL_GO_ON)
		return status;
	if (run_directory(directory, timeout_ms) == TOOL_OK)
		return TOOL_OK;
	if (!undo)
		tool_say("not quiesced: take no snapshot now");
	/* The counterpart of another directory is not known. */
	if (!strcmp(directory, TOOL_QUIESCE_DIR))
		(void)run_directory(TOOL_UNQUIESCE_DIR, timeout_ms);
	return TOOL_FAILED;
}
