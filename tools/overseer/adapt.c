// SPDX-License-Identifier: GPL-2.0-only
#include "adapt.h"

#include "../base/report.h"
#include "memory.h"
#include "notify.h"
#include "scripts.h"
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <clock.h>

#define LOOK_AGAIN_MS 20

struct outcome {
	uint32_t generation;
	const char *cause;			 /* of the last change */
	const char *told;			 /* what scripts are told of it */
	char incarnation[TOOL_INCARNATION_TEXT]; /* "": there is none */
	struct tool_scripts_result scripts;
	struct tool_scripts_result resumed; /* unquiesce.d */
	bool refused;			    /* a directory that is not to be trusted */
	bool unknown;			    /* the kernel did not tell of the watchers */
	uint32_t watchers, late;
};

static bool stop(void *overseer)
{
	return overseer_stops(overseer);
}

/* Returns false if the overseer is to end. */
static bool nap(struct overseer *overseer)
{
	struct pollfd fd = { .fd = overseer->signals, .events = POLLIN };

	return poll(&fd, 1, LOOK_AGAIN_MS) <= 0 || !overseer_stops(overseer);
}

/*
 * Scripts must not draw from a generator whose state a clone has as well. Afterwards it is known
 * who this is, if the module, or the counter file, keeps that. Returns whether the kernel is ready.
 */
static bool wait_for_kernel(struct overseer *overseer, struct outcome *outcome)
{
	unsigned char byte, id[SYSGENID_INCARNATION_SIZE];
	int ret = sysgenid_getrandom(overseer->handle, &byte, sizeof(byte), 0, NULL);

	if (ret < 0 && ret != -EOPNOTSUPP)
		(void)tool_fail("wait for the kernel's generator; going on", ret, NULL);
	if (!ret && !sysgenid_incarnation(overseer->handle, id, 0, NULL))
		tool_format_incarnation(id, outcome->incarnation);
	return !ret;
}

/*
 * The cause that scripts are told; "unknown" if in doubt. The kernel has the cause of the last
 * change only, and scripts may do nothing after a restore of processes. So a restore or a resume
 * is told only if nothing else has happened since the work was done last, such as a restore of the
 * machine. A device moves the generation before the kernel knows of it: ask after the reseed.
 */
static uint32_t cause_for_scripts(const struct overseer *overseer, uint32_t generation,
				  bool reseeded)
{
	struct sysgenid_status status;

	if (sysgenid_get_status(&status, NULL))
		return UINT32_MAX;
	if ((!reseeded || status.generation != generation || generation != overseer->done + 1) &&
	    (status.cause == SYSGENID_CAUSE_RESTORE || status.cause == SYSGENID_CAUSE_RESUME))
		return UINT32_MAX;
	return status.cause;
}

/*
 * Waits until no watcher but the overseer is outdated. The overseer acknowledges last, so that a
 * program that asks the kernel for outdated watchers waits for the scripts, too. Ends early if the
 * generation moves on.
 */
static void wait_for_watchers(struct overseer *overseer, struct outcome *outcome)
{
	const int64_t end = sysgenid_now_ms() + overseer->watchers_ms;
	struct sysgenid_status status;
	struct sysgenid_error words;
	int ret;

	do {
		ret = sysgenid_get_status(&status, &words);
		if (ret < 0) {
			(void)tool_fail("ask for the watchers; not waiting for them", ret, &words);
			outcome->unknown = true;
			return;
		}
		outcome->cause = sysgenid_cause_name(status.cause);
		outcome->watchers = status.watchers ? status.watchers - 1 : 0;
		outcome->late = status.outdated ? status.outdated - 1 : 0;
		if (!outcome->late || sysgenid_generation(overseer->handle) != outcome->generation)
			return;
		if (sysgenid_now_ms() >= end)
			return;
	} while (nap(overseer));
}

static void run_scripts(struct overseer *overseer, struct outcome *outcome, const char *directory,
			struct tool_scripts_result *result)
{
	struct tool_scripts scripts = {
		.directory = directory,
		.timeout_ms = overseer->script_ms,
		.generation = outcome->generation,
		.cause = outcome->told,
		.incarnation = outcome->incarnation,
		.stop = stop,
		.context = overseer,
		.wake = overseer->signals,
	};
	int ret = tool_scripts_run(&scripts, result);

	if (ret)
		outcome->refused = true;
}

/* Have all scripts done their work? */
static bool is_done(const struct outcome *outcome)
{
	return !outcome->refused && !outcome->scripts.failed && !outcome->resumed.failed;
}

static bool complete(const struct outcome *outcome)
{
	return is_done(outcome) && !outcome->unknown && !outcome->late;
}

static void list_names(const struct outcome *outcome, char *text, size_t size)
{
	const char *first = outcome->scripts.names, *second = outcome->resumed.names;

	snprintf(text, size, "%s%s%s", first, *first && *second ? " " : "", second);
}

static void describe(const struct outcome *outcome, const char *names, char *text, size_t size)
{
	int used = snprintf(text, size, "generation %u (%s): %s; %u of %u scripts failed%s%s; ",
			    outcome->generation, outcome->cause,
			    complete(outcome) ? "ready" : "incomplete",
			    outcome->scripts.failed + outcome->resumed.failed,
			    outcome->scripts.count + outcome->resumed.count, *names ? ": " : "",
			    names);

	if (outcome->unknown)
		used += snprintf(text + used, size - (size_t)used, "watchers not known");
	else
		used += snprintf(text + used, size - (size_t)used, "%u of %u watchers late",
				 outcome->late, outcome->watchers);
	if (*outcome->incarnation)
		snprintf(text + used, size - (size_t)used, "; incarnation %s",
			 outcome->incarnation);
}

static int print_outcome(const struct outcome *outcome, const char *names)
{
	struct json_object *object = tool_json_new();

	tool_json_u32(object, "generation", outcome->generation);
	tool_json_string(object, "cause", outcome->cause);
	tool_json_bool(object, "ready", complete(outcome));
	tool_json_u32(object, "scripts", outcome->scripts.count + outcome->resumed.count);
	tool_json_u32(object, "failed", outcome->scripts.failed + outcome->resumed.failed);
	tool_json_string(object, "failed_names", names);
	if (outcome->unknown) {
		tool_json_null(object, "watchers");
		tool_json_null(object, "late");
	} else {
		tool_json_u32(object, "watchers", outcome->watchers);
		tool_json_u32(object, "late", outcome->late);
	}
	if (*outcome->incarnation)
		tool_json_string(object, "incarnation", outcome->incarnation);
	else
		tool_json_null(object, "incarnation");
	return tool_print_json(object);
}

static int report(const struct overseer *overseer, const struct outcome *outcome)
{
	char names[2 * sizeof(outcome->scripts.names)], text[sizeof(names) + 250];
	char message[sizeof(text) + sizeof("READY=1\nSTATUS=")];

	list_names(outcome, names, sizeof(names));
	describe(outcome, names, text, sizeof(text));
	snprintf(message, sizeof(message), "READY=1\nSTATUS=%s", text);
	tool_notify(message);
	if (overseer->json)
		return print_outcome(outcome, names);
	puts(text);
	return tool_flush();
}

static void begin(const struct outcome *outcome)
{
	char message[160];

	snprintf(message, sizeof(message),
		 "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=adapting to generation %u",
		 (long long)sysgenid_now_ns() / 1000, outcome->generation);
	tool_notify(message);
}

/*
 * Does everything for one generation. -ESTALE: the generation has moved on; -ECANCELED: the
 * overseer is to end.
 */
static int adapt_once(struct overseer *overseer, struct outcome *outcome)
{
	bool reseeded;

	*outcome = (struct outcome){ .generation = sysgenid_generation(overseer->handle) };
	begin(outcome);
	reseeded = wait_for_kernel(overseer, outcome);
	outcome->told =
		sysgenid_cause_name(cause_for_scripts(overseer, outcome->generation, reseeded));
	outcome->cause = outcome->told;
	run_scripts(overseer, outcome, overseer->directory, &outcome->scripts);
	if (overseer->status >= 0)
		return -ECANCELED;
	wait_for_watchers(overseer, outcome);
	if (overseer->status >= 0)
		return -ECANCELED;
	if (sysgenid_generation(overseer->handle) != outcome->generation)
		return -ESTALE;
	run_scripts(overseer, outcome, overseer->unquiesce, &outcome->resumed);
	if (overseer->status >= 0)
		return -ECANCELED;
	return sysgenid_acknowledge(overseer->handle, outcome->generation);
}

int overseer_adapt(struct overseer *overseer)
{
	struct outcome outcome;
	int ret, written;

	do
		ret = adapt_once(overseer, &outcome);
	while (ret == -ESTALE);
	if (ret == -ECANCELED)
		return overseer->status;
	if (ret < 0)
		return tool_fail("acknowledge the generation", ret, NULL);
	/* Else the next cause stands for this change as well, and is not told as the only one. */
	if (is_done(&outcome))
		overseer->done = outcome.generation;
	if (overseer->remembers)
		overseer_remember(outcome.generation);
	written = report(overseer, &outcome);
	if (written != TOOL_OK)
		return written;
	if (complete(&outcome))
		return TOOL_OK;
	/* Only watchers are late; everything else is done. */
	outcome.late = 0;
	return complete(&outcome) ? TOOL_TIMEOUT : TOOL_FAILED;
}
