// SPDX-License-Identifier: GPL-2.0-only
/* The table of criu-plugin/README.md, row by row. */
#include <errno.h>
#include <stdint.h>

#include <linux/sysgenid.h>

#include "policy.h"
#include "tap.h"

enum { PLAN_ONLY = 1 }; /* no error number is positive */

struct row {
	const char *name;
	struct sysgenid_facts facts;
	int error; /* of the trigger, or PLAN_ONLY */
	enum sysgenid_verdict verdict;
	const char *message;
	uint32_t min;
	bool force;
};

#define MARKED(number, ...)                                                                        \
	{                                                                                          \
		.mark_known = true, .mark = number, __VA_ARGS__                                    \
	}
#define IMAGE(...) MARKED(41, __VA_ARGS__)
#define RAISED(number, ...)                                                                        \
	MARKED(number, .system_mark_known = true, .system_mark = 41, __VA_ARGS__)
#define NO_IMAGE(...)                                                                              \
	{                                                                                          \
		.image = SYSGENID_IMAGE_MISSING, __VA_ARGS__                                       \
	}
#define BAD_IMAGE(...)                                                                             \
	{                                                                                          \
		.image = SYSGENID_IMAGE_BAD, __VA_ARGS__                                           \
	}
#define FOREIGN_IMAGE(...)                                                                         \
	{                                                                                          \
		.image = SYSGENID_IMAGE_FOREIGN, __VA_ARGS__                                       \
	}
#define REQUIRED .required = true
#define STRICT .strict = true

static const struct row rows[] = {
	{ "a good image goes above its mark", IMAGE(REQUIRED), 0, SYSGENID_GO, "", 42, false },
	{ "so does one that requires nothing", IMAGE(), 0, SYSGENID_GO, "", 42, false },
	{ "an image without a mark gets any new generation",
	  { .image = SYSGENID_IMAGE_GOOD },
	  0,
	  SYSGENID_GO,
	  "",
	  0,
	  false },
	{ "an image made without the plugin gets any new generation", NO_IMAGE(), 0, SYSGENID_GO,
	  "", 0, false },
	{ "a missing image that criu's inventory lists is refused", NO_IMAGE(.listed = true),
	  PLAN_ONLY, SYSGENID_REFUSE, "sysgenid.img is missing", 0, false },
	{ "strict: an image made without the plugin is refused", NO_IMAGE(STRICT), PLAN_ONLY,
	  SYSGENID_REFUSE, "strict = yes", 0, false },
	{ "another dump's image counts as none, with a warning", FOREIGN_IMAGE(), PLAN_ONLY,
	  SYSGENID_GO, "belongs to another dump", 0, false },
	{ "... and is refused if criu's inventory lists it", FOREIGN_IMAGE(.listed = true),
	  PLAN_ONLY, SYSGENID_REFUSE, "the image needs this plugin", 0, false },
	{ "strict: another dump's image is refused", FOREIGN_IMAGE(STRICT), PLAN_ONLY,
	  SYSGENID_REFUSE, "strict = yes", 0, false },
	{ "a damaged image is refused", BAD_IMAGE(), PLAN_ONLY, SYSGENID_REFUSE,
	  "copy the image again", 0, false },
	{ "a damaged image is refused whatever the switches say",
	  BAD_IMAGE(.follow_any_mark = true), PLAN_ONLY, SYSGENID_REFUSE, "copy the image again", 0,
	  false },
	{ "required, no module: refused", IMAGE(REQUIRED), -ENOENT, SYSGENID_REFUSE,
	  "run 'modprobe sysgenid'", 42, false },
	{ "listed, and it requires nothing of the module: goes on", IMAGE(.listed = true), -ENOENT,
	  SYSGENID_GO_RESEED, "it goes on", 42, false },
	{ "a counter file needs no module", IMAGE(.listed = true, .in_file = true), -ENOENT,
	  SYSGENID_GO_RESEED, "", 42, false },
	{ "a file at its end is refused", IMAGE(.in_file = true, .file_mark_is_last = true),
	  PLAN_ONLY, SYSGENID_REFUSE, "4294967295", 0, false },
	{ "a counter of its own begins above the mark", IMAGE(REQUIRED, .own_counter = true), 0,
	  SYSGENID_GO, "", 42, false },
	{ "a counter of its own, no module: refused", IMAGE(REQUIRED, .own_counter = true), -ENOENT,
	  SYSGENID_REFUSE, "run 'modprobe sysgenid'", 42, false },
	{ "a counter of its own follows a mark of 2^32 - 2",
	  MARKED(UINT32_MAX - 1, REQUIRED, .own_counter = true), -ERANGE, SYSGENID_GO_UNMARKED,
	  "had reached 4294967294", UINT32_MAX, false },
	{ "strict: a mark of a counter of its own that the machine does not follow is refused",
	  MARKED(UINT32_MAX - 1, STRICT, .own_counter = true), -ERANGE, SYSGENID_REFUSE,
	  "strict = yes", UINT32_MAX, false },
	{ "a counter of its own that is a little above its machine's is followed",
	  RAISED(1000, REQUIRED, .own_counter = true), 0, SYSGENID_GO, "", 1001, false },
	{ "one that is far above is followed as far as that is free",
	  RAISED(16000000, REQUIRED, .own_counter = true), PLAN_ONLY, SYSGENID_GO, "",
	  41 + SYSGENID_FREE_JUMP, false },
	{ "... and with a warning if nobody has it", RAISED(16000000, .own_counter = true),
	  PLAN_ONLY, SYSGENID_GO, "may see a number again", 41 + SYSGENID_FREE_JUMP, false },
	{ "... which strict refuses", RAISED(16000000, .own_counter = true, STRICT), PLAN_ONLY,
	  SYSGENID_REFUSE, "strict = yes", 41 + SYSGENID_FREE_JUMP, false },
	{ "the system's counter does not follow it, either",
	  RAISED(16000000, REQUIRED, .system_wide = true), 0, SYSGENID_GO, "",
	  41 + SYSGENID_FREE_JUMP, false },
	{ "with follow-any-mark it does",
	  RAISED(16000000, REQUIRED, .system_wide = true, .follow_any_mark = true), 0, SYSGENID_GO,
	  "", 16000001, true },
	{ "the system's mark is followed as before", RAISED(41, REQUIRED), 0, SYSGENID_GO, "", 42,
	  false },
	{ "a counter of its own at its end, and nobody has it: followed as far as that is free",
	  RAISED(UINT32_MAX, .own_counter = true), 0, SYSGENID_GO, "", 41 + SYSGENID_FREE_JUMP,
	  false },
	{ "a counter of its own, mark 2^32 - 1: refused, nothing is above it",
	  MARKED(UINT32_MAX, REQUIRED, .own_counter = true), PLAN_ONLY, SYSGENID_REFUSE,
	  "freshly booted", 0, false },
	{ "a counter of its own that nobody uses: any mark is as good",
	  MARKED(UINT32_MAX, .own_counter = true), 0, SYSGENID_GO, "", 0, false },
	{ "a counter of its own, not reseeded: only with a reseed of its own",
	  IMAGE(REQUIRED, .own_counter = true), -EIO, SYSGENID_GO_IF_RESEEDED, "not reseeded", 42,
	  false },
	{ "strict, no module: refused, naming the switch", IMAGE(STRICT), -ENOENT, SYSGENID_REFUSE,
	  "strict = yes", 42, false },
	{ "not required, no module: goes on and reseeds", IMAGE(), -ENOENT, SYSGENID_GO_RESEED,
	  "it goes on", 42, false },
	{ "made without the plugin, no module: goes on and reseeds", NO_IMAGE(), -ENOENT,
	  SYSGENID_GO_RESEED, "modprobe", 0, false },
	{ "required, not allowed: refused, naming the capability", IMAGE(REQUIRED), -EPERM,
	  SYSGENID_REFUSE, "CAP_CHECKPOINT_RESTORE", 42, false },
	{ "inside a container, not allowed: refused, naming who owns that",
	  IMAGE(REQUIRED, .inside = true), -EPERM, SYSGENID_REFUSE,
	  "the user namespace that owns its PID namespace", 42, false },
	{ "inside a container, and the system's counter is needed: refused, naming that",
	  IMAGE(REQUIRED, .inside = true, .system_wide = true), -EPERM, SYSGENID_REFUSE,
	  "the initial user namespace", 42, false },
	{ "not required, not allowed: goes on and reseeds", IMAGE(), -EPERM, SYSGENID_GO_RESEED,
	  "CAP_CHECKPOINT_RESTORE", 42, false },
	{ "required, another error: refused with its text", IMAGE(REQUIRED), -ENOMEM,
	  SYSGENID_REFUSE, "kernel says so", 42, false },
	{ "not required, another error: goes on with its text", IMAGE(), -ENOMEM,
	  SYSGENID_GO_RESEED, "kernel says so", 42, false },
	{ "required, absurd mark: refused, saying how to follow it", MARKED(4000000000u, REQUIRED),
	  -ERANGE, SYSGENID_REFUSE, "sysgenid trigger --min 4000000000 --force", 4000000001u,
	  false },
	{ "strict, absurd mark: refused", MARKED(4000000000u, STRICT), -ERANGE, SYSGENID_REFUSE,
	  "follow-any-mark", 4000000001u, false },
	{ "not required, absurd mark: goes on without it", MARKED(4000000000u, .listed = false),
	  -ERANGE, SYSGENID_GO_UNMARKED, "4000000000", 4000000001u, false },
	{ "follow-any-mark forces it", MARKED(4000000000u, REQUIRED, .follow_any_mark = true), 0,
	  SYSGENID_GO, "", 4000000001u, true },
	{ "mark 2^32 - 2 is an absurd mark like others", MARKED(UINT32_MAX - 1, REQUIRED), -ERANGE,
	  SYSGENID_REFUSE, "--min 4294967294 --force", UINT32_MAX, false },
	{ "required, mark 2^32 - 1: refused, nothing is above it", MARKED(UINT32_MAX, REQUIRED),
	  PLAN_ONLY, SYSGENID_REFUSE, "freshly booted", 0, false },
	{ "not even follow-any-mark follows it there",
	  MARKED(UINT32_MAX, REQUIRED, .follow_any_mark = true), PLAN_ONLY, SYSGENID_REFUSE,
	  "freshly booted", 0, true },
	{ "not required, mark 2^32 - 1: goes on without it", MARKED(UINT32_MAX, .listed = false), 0,
	  SYSGENID_GO, "", 0, false },
	{ "required, moved but not reseeded: only with a reseed of its own", IMAGE(REQUIRED), -EIO,
	  SYSGENID_GO_IF_RESEEDED, "not reseeded", 42, false },
	{ "not required, moved but not reseeded: tries one of its own", IMAGE(), -EIO,
	  SYSGENID_GO_RESEED, "not reseeded", 42, false },
};

static struct sysgenid_plan plan_of(struct sysgenid_facts facts, bool *narrower)
{
	struct sysgenid_plan plan;

	sysgenid_policy_plan(&facts, &plan);
	*narrower = sysgenid_policy_narrow(&facts, &plan);
	return plan;
}

/* Which counter does the plan move? */
static void check_reach(void)
{
	struct sysgenid_plan plan;
	bool narrower;

	plan = plan_of((struct sysgenid_facts)IMAGE(REQUIRED), &narrower);
	ok(!plan.inside && !narrower, "on the machine the system's counter moves, or none");
	plan = plan_of((struct sysgenid_facts)IMAGE(REQUIRED, .inside = true), &narrower);
	ok(plan.inside && !narrower, "inside a container only its own moves");
	plan = plan_of((struct sysgenid_facts)RAISED(16000000, REQUIRED, .inside = true),
		       &narrower);
	ok(plan.inside_min == 16000001, "and that one follows any mark");
	plan = plan_of((struct sysgenid_facts)IMAGE(.inside = true, .system_wide = true),
		       &narrower);
	ok(!plan.inside && !narrower, "but not if a task has the system's counter");
	plan = plan_of((struct sysgenid_facts)NO_IMAGE(.inside = true), &narrower);
	ok(plan.inside && narrower,
	   "made without the plugin: the system's is tried first, as a task may have that");
}

int main(void)
{
	check_reach();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct sysgenid_judgement judgement;
		struct sysgenid_plan plan;
		bool good;

		sysgenid_policy_plan(&row->facts, &plan);
		judgement = plan.judgement;
		if (row->error != PLAN_ONLY) {
			good = plan.judgement.verdict == SYSGENID_GO;
			sysgenid_policy_judge(&row->facts, &plan, row->error, "the kernel says so",
					      &judgement);
		} else {
			good = true;
		}
		good = good && judgement.verdict == row->verdict && plan.min == row->min &&
		       plan.force == row->force;
		if (!row->message[0])
			good = good && !judgement.text[0];
		if (!ok(good && strstr(judgement.text, row->message), "%s", row->name))
			printf("# verdict %d (expected %d), min %u, force %d: %s\n",
			       judgement.verdict, row->verdict, plan.min, plan.force,
			       judgement.text);
		ok(strlen(judgement.text) < sizeof(judgement.text) - 1,
		   "... and its text is whole");
	}
	return done_testing();
}
