// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysgenid-ready: for a readiness probe in a container. Exit status 0 only if the watchers of this
 * container have acknowledged the current generation and the kernel's generator has been reseeded
 * for it.
 *
 * The program is linked statically, since images of applications may have no libraries. It needs
 * the counter and nothing else: no privilege, no netlink, no /sys, and /proc only for the
 * incarnation of a counter file.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libsysgenid.h>
#include <sys/random.h>

#define TRIES 5	   /* a generation that moves more often than that is not ready */
#define LOOK_MS 1u /* the shortest wait for watchers; 0 would be for ever */

enum ready_exit { READY = 0, NOT_READY = 1, WRONG_USAGE = 2, NO_COUNTER = 5 };

static const char help[] =
	"usage: sysgenid-ready [--no-watchers] [--json]\n"
	"\n"
	"Says whether this container has adapted to its generation: all watchers have\n"
	"acknowledged it, and the kernel's random number generator has been reseeded for it.\n"
	"For readiness probes.\n"
	"\n"
	"  --no-watchers  do not ask for watchers: a counter file has none\n"
	"  --json         print a JSON object\n"
	"\n"
	"exit status: 0 ready, 1 not ready, 2 wrong usage, 5 the counter is not here\n";

struct answer {
	uint32_t generation;
	bool reseeded, settled;
	bool has_watchers; /* a counter file has none */
	bool steady;	   /* the generation has not moved while the rest was found out */
	unsigned char incarnation[SYSGENID_INCARNATION_SIZE];
	bool has_incarnation;
};

/* Watchers are waited for by a file that has acknowledged the generation: by a new one. */
static int look(struct answer *answer)
{
	struct sysgenid *id;
	uint32_t whose;
	int ret = sysgenid_open(&id, NULL, 0);

	if (ret < 0)
		return ret;
	memset(answer, 0, sizeof(*answer));
	answer->has_watchers = sysgenid_source(id) == SYSGENID_SOURCE_DEVICE;
	answer->generation = sysgenid_generation(id);
	if (answer->has_watchers) {
		/* The kernel asks the hypervisor first. EINTR: the generation has moved. */
		ret = sysgenid_wait_watchers(id, LOOK_MS);
		answer->settled = !ret;
	}
	answer->reseeded = sysgenid_rng_reseeded(id);
	answer->has_incarnation =
		!sysgenid_incarnation(id, answer->incarnation, GRND_NONBLOCK, &whose) &&
		whose == answer->generation;
	answer->steady = sysgenid_generation(id) == answer->generation && ret != -EINTR;
	sysgenid_close(id);
	return ret == -EINTR || ret == -ETIME ? 0 : ret;
}

static int look_until_steady(struct answer *answer)
{
	int ret = 0;

	for (int i = 0; i < TRIES; i++) {
		ret = look(answer);
		if (ret < 0 || answer->steady)
			break;
	}
	return ret;
}

/* Why the container is not ready, or NULL. */
static const char *obstacle(const struct answer *answer, bool no_watchers)
{
	if (!answer->steady)
		return "the generation moves all the time";
	if (!answer->reseeded)
		return "the kernel's random number generator is not reseeded for it; see the "
		       "kernel log if this lasts";
	if (no_watchers || (answer->has_watchers && answer->settled))
		return NULL;
	return answer->has_watchers
		       ? "watchers have not acknowledged it; see sysgenid-outdated in "
			 "/proc/*/fdinfo/*"
		       : "a counter file has no watchers, so nobody knows whether programs have "
			 "adapted: give the container the device, or use --no-watchers";
}

static void format_incarnation(const struct answer *answer, char *text)
{
	for (size_t i = 0; i < SYSGENID_INCARNATION_SIZE; i++)
		sprintf(text + 2 * i, "%02x", answer->incarnation[i]);
}

static void print_json(const struct answer *answer, const char *why)
{
	char who[2 * SYSGENID_INCARNATION_SIZE + 1];

	format_incarnation(answer, who);
	printf("{\"ready\":%s,\"generation\":%u,\"reseeded\":%s,\"settled\":%s,"
	       "\"incarnation\":%s%s%s}\n",
	       why ? "false" : "true", answer->generation, answer->reseeded ? "true" : "false",
	       !answer->has_watchers ? "null"
	       : answer->settled     ? "true"
				     : "false",
	       answer->has_incarnation ? "\"" : "", answer->has_incarnation ? who : "null",
	       answer->has_incarnation ? "\"" : "");
}

static void print_text(const struct answer *answer, const char *why)
{
	char who[2 * SYSGENID_INCARNATION_SIZE + 1];

	format_incarnation(answer, who);
	if (why)
		printf("not ready: generation %u: %s\n", answer->generation, why);
	else
		printf("ready: generation %u incarnation %s\n", answer->generation,
		       answer->has_incarnation ? who : "unknown");
}

/* sysgenid_explain() needs a library that is not linked here. */
static const char *reason(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return "it is not here: give the container the counter, and load the module";
	case -EACCES:
		return "permission denied: allow it in the container's device list";
	case -ENOTTY:
		return "it is not the counter";
	default:
		return strerror(-error);
	}
}

static bool parse(int argc, char **argv, bool *no_watchers, bool *json)
{
	for (int i = 1; i < argc; i++) {
		bool *flag = !strcmp(argv[i], "--no-watchers") ? no_watchers
			     : !strcmp(argv[i], "--json")      ? json
							       : NULL;

		if (!flag)
			return false;
		*flag = true;
	}
	return true;
}

int main(int argc, char **argv)
{
	bool no_watchers = false, json = false;
	struct answer answer;
	const char *why;
	int ret;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		return READY;
	}
	if (!parse(argc, argv, &no_watchers, &json)) {
		fputs("sysgenid-ready: wrong arguments: see 'sysgenid-ready --help'\n", stderr);
		return WRONG_USAGE;
	}
	ret = look_until_steady(&answer);
	if (ret < 0) {
		fprintf(stderr, "sysgenid-ready: cannot use " SYSGENID_DEVICE ": %s\n",
			reason(ret));
		return ret == -ENOENT || ret == -ENODEV || ret == -ENXIO ? NO_COUNTER : NOT_READY;
	}
	why = obstacle(&answer, no_watchers);
	if (json)
		print_json(&answer, why);
	else
		print_text(&answer, why);
	/* Who cannot be told is not told that all is well. */
	if (fflush(stdout))
		return NOT_READY;
	return why ? NOT_READY : READY;
}
