// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid status */
#include "base/options.h"
#include "base/report.h"
#include "commands.h"
#include "counterfiles.h"
#include "late.h"
#include "metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: sysgenid status [--pid PID] [--json | --format text|json|prometheus]\n"
	"\n"
	"Shows the generation, the highest number ever drawn, the watchers, the\n"
	"cause of the last change, the device, and whether the kernel's random number\n"
	"generator has been reseeded for this generation; and the incarnation, 128 random\n"
	"bits that no other copy has.  Each PID namespace (container) has a generation of its\n"
	"own; the initial one's is the system's.\n"
	"\n"
	"Where watchers are outdated it names the processes, as far as they may be seen.\n"
	"\n"
	"  --pid PID  of the PID namespace of that process; without it: of this one's\n"
	"  --json     print a JSON object\n"
	"  --format prometheus\n"
	"             print metrics of this machine, for node_exporter's textfile collector\n";

/* Only the page has this state, so it needs the device; the rest of the status does not. */
static enum rng_state rng_state(void)
{
	enum rng_state state = RNG_PENDING;
	struct sysgenid *handle;

	if (sysgenid_open(&handle, NULL, SYSGENID_OPEN_MAP_ONLY) < 0)
		return RNG_UNKNOWN;
	if (!(handle->page->flags & SYSGENID_PAGE_F_RNG))
		state = RNG_NOT_KEPT;
	else if (sysgenid_rng_reseeded(handle))
		state = RNG_RESEEDED;
	sysgenid_close(handle);
	return state;
}

static const char *rng_text(enum rng_state state)
{
	switch (state) {
	case RNG_RESEEDED:
		return "reseeded for this generation";
	case RNG_PENDING:
		return "not yet reseeded for this generation";
	case RNG_NOT_KEPT:
		return "not known: this kernel module does not say";
	case RNG_ELSEWHERE:
		return "not known: it can be seen inside that namespace only";
	default:
		return "not known: the device cannot be opened from here";
	}
}

static int print_human(const struct report *report)
{
	const struct sysgenid_status *status = &report->status;
	char text[TOOL_INCARNATION_TEXT] = "none yet";
	struct late late;

	if (report->incarnation)
		tool_format_incarnation(report->incarnation, text);
	printf("generation:  %u\n", status->generation);
	printf("incarnation: %s\n", text);
	printf("highest:     %u\n", status->highest);
	printf("watchers:    %u, of these outdated: %u\n", status->watchers, status->outdated);
	if (status->outdated) {
		tool_find_late(report->domain, status->outdated, &late);
		fputs("late:        ", stdout);
		tool_print_late(stdout, &late);
		putchar('\n');
	}
	printf("last cause:  %s\n", sysgenid_cause_name(status->cause));
	printf("device:      minor %u\n", status->minor);
	printf("domain:      %u\n", report->domain);
	printf("kernel RNG:  %s\n", rng_text(report->rng));
	return tool_flush();
}

static int print_json(const struct report *report)
{
	const struct sysgenid_status *status = &report->status;
	struct json_object *object = tool_json_new();
	struct late late = { .complete = true };
	enum rng_state rng = report->rng;

	if (status->outdated)
		tool_find_late(report->domain, status->outdated, &late);
	tool_json_u32(object, "generation", status->generation);
	tool_json_incarnation(object, report->incarnation);
	tool_json_u32(object, "highest", status->highest);
	tool_json_u32(object, "watchers", status->watchers);
	tool_json_u32(object, "outdated", status->outdated);
	tool_json_late(object, &late);
	tool_json_string(object, "cause", sysgenid_cause_name(status->cause));
	tool_json_u32(object, "minor", status->minor);
	tool_json_u32(object, "domain", report->domain);
	if (rng == RNG_RESEEDED || rng == RNG_PENDING)
		tool_json_bool(object, "rng_reseeded", rng == RNG_RESEEDED);
	else
		tool_json_null(object, "rng_reseeded");
	return tool_print_json(object);
}

/*
 * Of the generation that is reported. None if the generation has moved on since. The kernel has one
 * only when its generator is reseeded for the generation.
 */
static void get_incarnation(int pidns_fd, struct report *report)
{
	uint32_t generation;

	if (!sysgenid_get_incarnation(pidns_fd, report->bytes, &generation, NULL) &&
	    generation == report->status.generation)
		report->incarnation = report->bytes;
}

/*
 * @pid: 0 for the PID namespace of this process. Returns an exit status; -ENOENT: there are only
 * counter files.
 */
static int get_status(uint32_t pid, struct report *report)
{
	struct sysgenid_error words;
	int failed, fd = -1, ret;

	if (pid) {
		fd = tool_open_namespace(pid, &failed);
		if (fd < 0)
			return failed;
	}
	ret = sysgenid_get_domain_status(fd, &report->status, &report->domain, &words);
	if (!ret)
		get_incarnation(fd, report);
	if (fd >= 0)
		close(fd);
	if (ret == -ENOENT && !pid && tool_counterfiles_exist())
		return ret;
	return ret < 0 ? tool_fail("get the status", ret, &words) : TOOL_OK;
}

/* A module that is not loaded is a fact to report here, and no error. */
static int print_metrics(void)
{
	struct report report = { 0 };
	struct sysgenid_error words;
	int ret = sysgenid_get_domain_status(-1, &report.status, &report.domain, &words);

	if (ret == -ENOENT)
		return tool_print_metrics(NULL);
	if (ret < 0)
		return tool_fail("get the status", ret, &words);
	report.rng = rng_state();
	return tool_print_metrics(&report);
}

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_PROMETHEUS, FORMAT_UNKNOWN };

static enum format format_of(const char *name, bool json)
{
	static const char *const names[] = { "text", "json", "prometheus" };

	if (!name)
		return json ? FORMAT_JSON : FORMAT_TEXT;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return json && i != FORMAT_JSON ? FORMAT_UNKNOWN : (enum format)i;
	return FORMAT_UNKNOWN;
}

int tool_status(int argc, char **argv)
{
	struct report report = { .rng = RNG_ELSEWHERE };
	const char *name = NULL;
	uint32_t pid = 0;
	bool json = false;
	const struct tool_option options[] = {
		{ "pid", 'p', .pid = &pid },
		{ "json", 'j', .flag = &json },
		{ "format", 'f', .text = &name },
		{ 0 },
	};
	int ret = tool_options(argc, argv, help, options);
	enum format format;

	if (ret != TOOL_GO_ON)
		return ret;
	format = format_of(name, json);
	if (format == FORMAT_UNKNOWN || (format == FORMAT_PROMETHEUS && pid)) {
		tool_say("status: --format is to be one of text, json and prometheus, of which the "
			 "last goes without --pid: see 'sysgenid status --help'");
		return TOOL_USAGE;
	}
	if (format == FORMAT_PROMETHEUS)
		return print_metrics();
	json = format == FORMAT_JSON;
	ret = get_status(pid, &report);
	if (ret == -ENOENT)
		return tool_counterfiles_status(json);
	if (ret)
		return ret;
	if (!pid)
		report.rng = rng_state();
	else if (report.incarnation)
		report.rng = RNG_RESEEDED;
	return json ? print_json(&report) : print_human(&report);
}
