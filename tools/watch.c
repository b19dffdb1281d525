// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid watch */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static const char help[] = "usage: sysgenid watch [--count N] [--json]\n"
			   "\n"
			   "Prints a line for every change of the generation: when it was heard of "
			   "(UTC), the generation,\n"
			   "the cause.  Changes that came faster than they could be read are "
			   "replaced by one line that\n"
			   "says so.  To be run in the host's network namespace.\n"
			   "\n"
			   "  --count N   end after N lines; 0: never\n"
			   "  --json      print a JSON object a line\n";

struct watch {
	struct sysgenid_events *events;
	bool json;
	bool missed; /* changes were lost and nothing has been printed for them yet */
};

static void format_now(char *text, size_t size)
{
	char second[sizeof("9999999999-12-31T23:59:59")];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, size, "%s.%03ldZ", second, now.tv_nsec / 1000000);
}

static int print_event(const struct watch *watch, uint32_t generation, uint32_t cause, bool missed)
{
	struct json_object *object;
	char now[64];

	format_now(now, sizeof(now));
	if (!watch->json) {
		printf("%s generation %u cause %s%s\n", now, generation, sysgenid_cause_name(cause),
		       missed ? " (changes were missed; this is the status now)" : "");
		return tool_flush();
	}
	object = tool_json_new();
	tool_json_string(object, "time", now);
	tool_json_u32(object, "generation", generation);
	tool_json_string(object, "cause", sysgenid_cause_name(cause));
	tool_json_bool(object, "missed", missed);
	return tool_print_json(object);
}

static int resynchronise(struct watch *watch)
{
	struct sysgenid_status status;
	struct sysgenid_error words;
	int ret = sysgenid_get_status(&status, &words);

	if (ret < 0)
		return tool_fail("get the status after events were missed", ret, &words);
	watch->missed = false;
	return print_event(watch, status.generation, status.cause, true);
}

/* Prints the next line and returns an exit status. */
static int next_line(struct watch *watch)
{
	struct sysgenid_event event;
	int ret;

	for (;;) {
		/*
		 * Events from before the gap may still be queued. They come first; the status
		 * is asked for when there are no more of them.
		 */
		ret = sysgenid_events_next(watch->events, &event, watch->missed ? 0 : -1);
		switch (ret) {
		case 0:
			return print_event(watch, event.generation, event.cause, false);
		case -EINTR:
			break;
		case -ENOBUFS:
			watch->missed = true;
			break;
		case -ETIME:
			return resynchronise(watch);
		default:
			return tool_fail("read events", ret, NULL);
		}
	}
}

static int watch_events(bool json, uint32_t count)
{
	struct watch watch = { .json = json };
	int ret = sysgenid_events_open(&watch.events);

	if (ret < 0)
		return tool_fail("subscribe to events", ret, NULL);
	for (uint32_t lines = 0; !ret && (!count || lines < count); lines++)
		ret = next_line(&watch);
	sysgenid_events_close(watch.events);
	return ret;
}

int tool_watch(int argc, char **argv)
{
	uint32_t count = 0;
	bool json = false;
	const struct tool_option options[] = {
		{ "count", 'c', .number = &count },
		{ "json", 'j', .flag = &json },
		{ 0 },
	};
	int status = tool_options(argc, argv, help, options);

	if (status != TOOL_GO_ON)
		return status;
	return watch_events(json, count);
}
