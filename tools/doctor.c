// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid doctor: what is in place on this machine, what is not, and what to do about it. */
#include "tool.h"

#include "escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "doctor.h"

static const char help[] =
	"usage: sysgenid doctor [--json]\n"
	"\n"
	"Checks what it takes to restore containers on this machine: module, device, criu and its\n"
	"plugin, hook and CDI specification, container runtimes.  Each finding says what to do.\n"
	"\n"
	"  --json     print a JSON object\n"
	"\n"
	"exit status: 0 no problem was found, 6 at least one was\n";

static struct {
	unsigned int problems;
	struct json_object *findings; /* NULL: print them as they come */
} report;

static const char *const state_names[] = {
	[FINDING_GOOD] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_PROBLEM] = "problem",
};

void doctor_find(enum finding_state state, const char *check, const char *advice,
		 const char *format, ...)
{
	char text[512], escaped[SYSGENID_ESCAPE_SIZE];
	struct json_object *finding;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report.problems += state == FINDING_PROBLEM;
	if (!report.findings) {
		sysgenid_escape(text, escaped);
		printf("%-8s %-9s %s%s%s\n", state_names[state], check, escaped, advice ? ": " : "",
		       advice ? advice : "");
		return;
	}
	finding = tool_json_new();
	tool_json_string(finding, "state", state_names[state]);
	tool_json_string(finding, "check", check);
	tool_json_string(finding, "text", text);
	if (advice)
		tool_json_string(finding, "advice", advice);
	else
		tool_json_null(finding, "advice");
	json_object_array_add(report.findings, finding);
}

static int print_report(void)
{
	struct json_object *object;
	int status;

	if (report.findings) {
		object = tool_json_new();
		tool_json_u32(object, "problems", report.problems);
		json_object_object_add(object, "findings", report.findings);
		status = tool_print_json(object);
	} else {
		status = tool_flush();
	}
	return status ? status : report.problems ? TOOL_PROBLEMS : TOOL_OK;
}

int tool_doctor(int argc, char **argv)
{
	bool json = false;
	const struct tool_option options[] = {
		{ "json", 'j', .flag = &json },
		{ 0 },
	};
	int status = tool_options(argc, argv, help, options);

	if (status != TOOL_GO_ON)
		return status;
	if (json)
		report.findings = json_object_new_array();
	doctor_check_module();
	doctor_check_device();
	doctor_check_files();
	doctor_check_plugin();
	doctor_check_hook();
	doctor_check_runtimes();
	return print_report();
}
