// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid watch */
#include "base/options.h"
#include "base/report.h"
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static const char help[] =
	"usage: sysgenid watch [--settled] [--incarnations] [--domains] [--count N]\n"
	"                      [--json]\n"
	"\n"
	"Prints a line for every change of the generation: when it was heard of "
	"(UTC), the generation,\n"
	"the cause.  Changes that came faster than they could be read are "
	"replaced by one line that\n"
	"says so.  To be run in the host's network namespace.\n"
	"\n"
	"  --settled   also when all watchers have acknowledged the change\n"
	"  --incarnations  also who each generation is: 128 random bits that "
	"no other copy has\n"
	"  --domains   also the changes of other PID namespaces' own counters\n"
	"  --count N   end after N lines; 0: never\n"
	"  --json      print a JSON object a line\n";

struct watch {
	struct sysgenid_events *events;
	bool domains; /* print the domain, too */
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

static int print_text(const struct watch *watch, const char *now,
		      const struct sysgenid_event *event, bool missed)
{
	char text[TOOL_INCARNATION_TEXT];

	printf("%s generation %u", now, event->generation);
	if (event->type == SYSGENID_EVENT_SETTLED) {
		printf(" settled watchers %u", event->watchers);
	} else if (event->type == SYSGENID_EVENT_INCARNATION) {
		tool_format_incarnation(event->incarnation, text);
		printf(" incarnation %s", text);
	} else {
		printf(" cause %s", sysgenid_cause_name(event->cause));
	}
	if (watch->domains)
		printf(" domain %u", event->domain);
	puts(missed ? " (changes were missed; this is the status now)" : "");
	return tool_flush();
}

static int print_event(const struct watch *watch, const struct sysgenid_event *event, bool missed)
{
	static const char *const types[] = {
		[SYSGENID_EVENT_CHANGE] = "change",
		[SYSGENID_EVENT_SETTLED] = "settled",
		[SYSGENID_EVENT_INCARNATION] = "incarnation",
	};
	struct json_object *object;
	char now[64];

	format_now(now, sizeof(now));
	if (!watch->json)
		return print_text(watch, now, event, missed);
	object = tool_json_new();
	tool_json_string(object, "time", now);
	tool_json_string(object, "event", types[event->type]);
	tool_json_u32(object, "generation", event->generation);
	if (event->type == SYSGENID_EVENT_SETTLED)
		tool_json_u32(object, "watchers", event->watchers);
	else if (event->type == SYSGENID_EVENT_INCARNATION)
		tool_json_incarnation(object, event->incarnation);
	else
		tool_json_string(object, "cause", sysgenid_cause_name(event->cause));
	tool_json_u32(object, "domain", event->domain);
	tool_json_bool(object, "missed", missed);
	return tool_print_json(object);
}

static int resynchronise(struct watch *watch)
{
	struct sysgenid_event event = { .type = SYSGENID_EVENT_CHANGE };
	struct sysgenid_status status;
	struct sysgenid_error words;
	int ret = sysgenid_get_domain_status(-1, &status, &event.domain, &words);

	if (ret < 0)
		return tool_fail("get the status after events were missed", ret, &words);
	event.generation = status.generation;
	event.cause = status.cause;
	watch->missed = false;
	return print_event(watch, &event, true);
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
			return print_event(watch, &event, false);
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

static int watch_events(struct watch *watch, unsigned int flags, uint32_t count)
{
	int ret = sysgenid_events_open(&watch->events, flags);

	if (ret < 0)
		return tool_fail("subscribe to events", ret, NULL);
	for (uint32_t lines = 0; !ret && (!count || lines < count); lines++)
		ret = next_line(watch);
	sysgenid_events_close(watch->events);
	return ret;
}

int tool_watch(int argc, char **argv)
{
	struct watch watch = { 0 };
	uint32_t count = 0;
	bool settled = false, incarnations = false;
	const struct tool_option options[] = {
		{ "settled", 's', .flag = &settled },
		{ "incarnations", 'i', .flag = &incarnations },
		{ "domains", 'd', .flag = &watch.domains },
		{ "count", 'c', .number = &count },
		{ "json", 'j', .flag = &watch.json },
		{ 0 },
	};
	int status = tool_options(argc, argv, help, options);

	if (status != TOOL_GO_ON)
		return status;
	return watch_events(&watch,
			    (settled ? SYSGENID_EVENTS_SETTLED : 0) |
				    (incarnations ? SYSGENID_EVENTS_INCARNATIONS : 0) |
				    (watch.domains ? SYSGENID_EVENTS_DOMAINS : 0),
			    count);
}
