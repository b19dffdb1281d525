// SPDX-License-Identifier: GPL-2.0-only
#include "finding.h"

#include "report.h"

#include "escape.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
	unsigned int problems;
	struct json_object *object; /* NULL: print them as they come */
	struct json_object *findings;
} report;

static const char *const state_names[] = {
	[FINDING_GOOD] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_PROBLEM] = "problem",
};

void finding_add(enum finding_state state, const char *check, const char *advice,
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
	tool_json_append(report.findings, finding);
}

void finding_add_number(const char *key, uint32_t value)
{
	size_t n = report.findings ? json_object_array_length(report.findings) : 0;

	if (n)
		tool_json_u32(json_object_array_get_idx(report.findings, n - 1), key, value);
}

void findings_begin(bool json)
{
	if (!json)
		return;
	report.object = tool_json_new();
	tool_json_u32(report.object, "problems", 0);
	report.findings = tool_json_array(report.object, "findings");
}

bool findings_have_problems(void)
{
	return report.problems;
}

int findings_end(void)
{
	int status;

	if (report.object) {
		tool_json_u32(report.object, "problems", report.problems);
		status = tool_print_json(report.object);
	} else {
		status = tool_flush();
	}
	return status ? status : report.problems ? TOOL_PROBLEMS : TOOL_OK;
}
