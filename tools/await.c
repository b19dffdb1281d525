// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid await */
#include "base/options.h"
#include "base/report.h"
#include "commands.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

static const char help[] =
	"usage: sysgenid await [--timeout MS] [--json]\n"
	"\n"
	"Waits until this machine or container has been restored, and prints 'restore', the new\n"
	"generation and the incarnation.  Prints 'resume' where it was dumped and goes on, if the\n"
	"criu plugin's switch bump-after-dump is set.  To be started before the dump.\n"
	"\n"
	"  --timeout MS   give up after MS milliseconds; 0 (the default): never\n"
	"  --json         print a JSON object\n";

static int print_awaited(const struct sysgenid_awaited *awaited, bool json)
{
	const char *what = awaited->what == SYSGENID_AWAITED_RESUME ? "resume" : "restore";
	char text[TOOL_INCARNATION_TEXT] = "unknown";
	struct json_object *object;

	if (json) {
		object = tool_json_new();
		tool_json_string(object, "event", what);
		tool_json_u32(object, "generation", awaited->generation);
		tool_json_incarnation(object,
				      awaited->has_incarnation ? awaited->incarnation : NULL);
		return tool_print_json(object);
	}
	if (awaited->has_incarnation)
		tool_format_incarnation(awaited->incarnation, text);
	printf("%s generation %u incarnation %s\n", what, awaited->generation, text);
	return tool_flush();
}

int tool_await(int argc, char **argv)
{
	struct sysgenid_awaited awaited = { 0 };
	struct sysgenid *handle;
	uint32_t timeout_ms = 0;
	bool json = false;
	const struct tool_option options[] = {
		{ "timeout", 't', .number = &timeout_ms },
		{ "json", 'j', .flag = &json },
		{ 0 },
	};
	int ret = tool_options(argc, argv, help, options);

	if (ret != TOOL_GO_ON)
		return ret;
	ret = sysgenid_open(&handle, NULL, 0);
	if (ret < 0)
		return tool_fail("open the device", ret, NULL);
	ret = sysgenid_await(handle, &awaited,
			     !timeout_ms	    ? -1
			     : timeout_ms > INT_MAX ? INT_MAX
						    : (int)timeout_ms);
	sysgenid_close(handle);
	return ret < 0 ? tool_fail("wait for a restore", ret, NULL) : print_awaited(&awaited, json);
}
