// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid wait */
#include "base/options.h"
#include "base/report.h"
#include "commands.h"
#include "late.h"

#include <errno.h>
#include <stdio.h>

#include <clock.h>

static const char help[] =
	"usage: sysgenid wait [--timeout MS] [--json]\n"
	"\n"
	"Waits until no watcher is outdated, that is, until every program that asked to be waited "
	"for\n"
	"has acknowledged the current generation.\n"
	"\n"
	"  --timeout MS   give up after MS milliseconds; 0 (the default): never\n"
	"  --json         print a JSON object\n";

/*
 * Returns 0 or -errno, and the generation that was acknowledged by all. The wait ends with EINTR
 * whenever the generation changes, and watchers have to acknowledge anew.
 */
static int wait_for_all(struct sysgenid *handle, uint32_t timeout_ms, uint32_t *generation)
{
	const int64_t end = sysgenid_now_ms() + timeout_ms;
	int64_t left = timeout_ms;
	int ret;

	for (;;) {
		*generation = sysgenid_generation(handle);
		ret = sysgenid_acknowledge(handle, *generation);
		if (!ret)
			ret = sysgenid_wait_watchers(handle, (unsigned int)left);
		if (ret != -EINTR && ret != -ESTALE)
			return ret;
		if (!timeout_ms)
			continue;
		/* 0 would mean for ever. */
		left = end - sysgenid_now_ms();
		if (left <= 0)
			return -ETIME;
		if (left > timeout_ms)
			left = timeout_ms;
	}
}

static int print_done(bool json, uint32_t generation)
{
	struct json_object *object;

	if (!json) {
		printf("all watchers have acknowledged generation %u\n", generation);
		return tool_flush();
	}
	object = tool_json_new();
	tool_json_bool(object, "acknowledged", true);
	tool_json_u32(object, "generation", generation);
	return tool_print_json(object);
}

/* One line, as all that goes to stderr. */
static void say_late(const struct sysgenid_status *status, const struct late *late,
		     uint32_t timeout_ms)
{
	fprintf(stderr,
		"sysgenid: %u of %u watchers have not acknowledged generation %u within %u ms: "
		"wait "
		"longer, or look after ",
		status->outdated, status->watchers, status->generation, timeout_ms);
	tool_print_late(stderr, late);
	fputc('\n', stderr);
}

static int report_timeout(bool json, uint32_t timeout_ms)
{
	struct sysgenid_status status;
	struct sysgenid_error words;
	struct json_object *object;
	struct late late;
	uint32_t domain;
	int ret = sysgenid_get_domain_status(-1, &status, &domain, &words);

	if (ret < 0)
		return tool_fail("get the status after the time limit", ret, &words);
	tool_find_late(domain, status.outdated, &late);
	say_late(&status, &late, timeout_ms);
	if (json) {
		object = tool_json_new();
		tool_json_bool(object, "acknowledged", false);
		tool_json_u32(object, "generation", status.generation);
		tool_json_u32(object, "watchers", status.watchers);
		tool_json_u32(object, "outdated", status.outdated);
		tool_json_late(object, &late);
		ret = tool_print_json(object);
	}
	return ret ? ret : TOOL_TIMEOUT;
}

static int wait_and_report(bool json, uint32_t timeout_ms)
{
	struct sysgenid *handle;
	uint32_t generation;
	int ret;

	ret = sysgenid_open(&handle, NULL, 0);
	if (ret < 0)
		return tool_fail("open the device", ret, NULL);
	ret = wait_for_all(handle, timeout_ms, &generation);
	sysgenid_close(handle);
	if (ret == -ETIME)
		return report_timeout(json, timeout_ms);
	if (ret < 0)
		return tool_fail("wait for the watchers", ret, NULL);
	return print_done(json, generation);
}

int tool_wait(int argc, char **argv)
{
	uint32_t timeout_ms = 0;
	bool json = false;
	const struct tool_option options[] = {
		{ "timeout", 't', .number = &timeout_ms },
		{ "json", 'j', .flag = &json },
		{ 0 },
	};
	int status = tool_options(argc, argv, help, options);

	if (status != TOOL_GO_ON)
		return status;
	return wait_and_report(json, timeout_ms);
}
