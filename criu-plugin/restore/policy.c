// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/sysgenid.h>

#include "config.h"
#include "policy.h"

#define NOT_FOLLOWED                                                                               \
	"the counter had reached %u where the image was made, and this machine's does not follow " \
	"it there. The tasks' own counter does if a restored task has it; a process that opens "   \
	"the device only later may see a number again"

static void __attribute__((format(printf, 3, 4)))
decide(struct sysgenid_judgement *judgement, enum sysgenid_verdict verdict, const char *format, ...)
{
	va_list args;

	judgement->verdict = verdict;
	va_start(args, format);
	vsnprintf(judgement->text, sizeof(judgement->text), format, args);
	va_end(args);
}

static void quietly(struct sysgenid_judgement *judgement, enum sysgenid_verdict verdict)
{
	judgement->verdict = verdict;
	judgement->text[0] = '\0';
}

/* Must the restore fail if the generation cannot move? Always with strict = yes. */
static bool is_needed(const struct sysgenid_facts *facts)
{
	/*
	 * criu's list of plugins counts only without a good image: a good image says itself whether
	 * the counter is required.
	 */
	return facts->required || facts->strict ||
	       (facts->listed && facts->image != SYSGENID_IMAGE_GOOD);
}

static const char *reason(const struct sysgenid_facts *facts)
{
	if (facts->required || !facts->strict)
		return "a restored process uses the generation counter";
	return "strict = yes in " SYSGENID_CONF;
}

static void plan_missing(const struct sysgenid_facts *facts, struct sysgenid_plan *plan)
{
	if (facts->listed)
		decide(&plan->judgement, SYSGENID_REFUSE,
		       "the image needs this plugin, but its file sysgenid.img is missing: copy "
		       "it from where the dump was made");
	else if (facts->strict)
		decide(&plan->judgement, SYSGENID_REFUSE,
		       "the image has no sysgenid.img: it was made without this plugin or not "
		       "copied in full, and strict = yes in " SYSGENID_CONF);
}

static void plan_foreign(const struct sysgenid_facts *facts, struct sysgenid_plan *plan)
{
	if (facts->listed || facts->strict)
		decide(&plan->judgement, SYSGENID_REFUSE,
		       "sysgenid.img belongs to another dump than criu's images beside it: copy "
		       "the image again from where the dump was made, into an empty directory (%s)",
		       facts->listed ? "the image needs this plugin"
				     : "strict = yes in " SYSGENID_CONF);
	else
		decide(&plan->judgement, SYSGENID_GO,
		       "sysgenid.img belongs to another dump than criu's images beside it, and is "
		       "not used: they were made without this plugin or not copied in full");
}

/*
 * The lowest number for the machine. The part of the mark that only a container's own counter has
 * reached is followed as far as that is free: the container's root can raise that counter at will,
 * and what all images may skip on a machine is limited. The restored tasks raise the counter that
 * they have above any mark. A process that opens the device later is not promised more: numbers of
 * a counter with events of its own may come back when that counter has ended and begins anew.
 */
static uint32_t system_min(const struct sysgenid_facts *facts)
{
	uint64_t whole = (uint64_t)facts->mark + 1;
	uint64_t free = (uint64_t)facts->system_mark + SYSGENID_FREE_JUMP;

	if (facts->system_mark_known && !facts->follow_any_mark && free < whole)
		whole = free;
	return (uint32_t)whole;
}

static void plan_mark(const struct sysgenid_facts *facts, struct sysgenid_plan *plan)
{
	plan->reseed_only = facts->own_counter;
	plan->inside = facts->inside && !facts->system_wide;
	if (facts->in_file && facts->file_mark_is_last) {
		decide(&plan->judgement, SYSGENID_REFUSE,
		       "a restored process has a counter file that had reached its end, %u: "
		       "no generation is above that",
		       UINT32_MAX);
		return;
	}
	if (!facts->mark_known)
		return;
	plan->inside_min = facts->mark + 1;
	plan->min = system_min(facts);
	plan->force = facts->follow_any_mark && !plan->reseed_only;
	if (plan->inside_min && plan->min < plan->inside_min && !facts->required)
		decide(&plan->judgement, facts->strict ? SYSGENID_REFUSE : SYSGENID_GO,
		       NOT_FOLLOWED "%s", facts->mark,
		       facts->strict ? " (strict = yes in " SYSGENID_CONF ")" : "");
	if (plan->inside_min || (plan->reseed_only && !facts->required))
		return;
	/* The mark is the highest 32-bit number: no generation is above it. */
	if (is_needed(facts))
		decide(&plan->judgement, SYSGENID_REFUSE,
		       "the image was made where the counter had reached its end, %u: no "
		       "generation is above that, so no restored process could tell. Make the "
		       "dump again on a freshly booted machine (%s)",
		       facts->mark, reason(facts));
	else
		decide(&plan->judgement, SYSGENID_GO,
		       "the image was made where the counter had reached its end, %u; it is not "
		       "followed there",
		       facts->mark);
}

void sysgenid_policy_plan(const struct sysgenid_facts *facts, struct sysgenid_plan *plan)
{
	*plan = (struct sysgenid_plan){ .min = 0 };
	quietly(&plan->judgement, SYSGENID_GO);
	switch (facts->image) {
	case SYSGENID_IMAGE_MISSING:
		plan_missing(facts, plan);
		break;
	case SYSGENID_IMAGE_FOREIGN:
		plan_foreign(facts, plan);
		break;
	case SYSGENID_IMAGE_GOOD:
		plan_mark(facts, plan);
		break;
	case SYSGENID_IMAGE_BAD:
		decide(&plan->judgement, SYSGENID_REFUSE,
		       "sysgenid.img cannot be used, so nobody knows what the restored processes "
		       "need: copy the image again from where the dump was made");
		break;
	}
}

/*
 * Narrows the plan of a criu in a container that has no good image. Whether a task has the system's
 * counter is unknown then, and criu has no right to move the system's counter.
 */
bool sysgenid_policy_narrow(const struct sysgenid_facts *facts, struct sysgenid_plan *plan)
{
	if (plan->inside || !facts->inside || facts->system_wide)
		return false;
	plan->inside = true;
	return true;
}

static void judge_range(const struct sysgenid_facts *facts, const struct sysgenid_plan *plan,
			struct sysgenid_judgement *judgement)
{
	uint32_t mark = plan->min - 1;

	if (plan->reseed_only && !facts->strict)
		/* The limit is not for the tasks' own counter: try again without the mark. */
		decide(judgement, SYSGENID_GO_UNMARKED, NOT_FOLLOWED, facts->mark);
	else if (is_needed(facts))
		decide(judgement, SYSGENID_REFUSE,
		       "the image was made where the counter had reached %u, absurdly far above "
		       "this machine's: it may be forged. If you trust it, run 'sysgenid trigger "
		       "--min %u --force' or set follow-any-mark = yes in " SYSGENID_CONF
		       ", and restore again (%s)",
		       mark, mark, reason(facts));
	else
		decide(judgement, SYSGENID_GO_UNMARKED,
		       "the image was made where the counter had reached %u, absurdly far above "
		       "this machine's; it is not followed there, since no restored process uses "
		       "the counter",
		       facts->mark);
}

static void judge_failure(const struct sysgenid_facts *facts, const struct sysgenid_plan *plan,
			  int error, const char *why, struct sysgenid_judgement *judgement)
{
	const char *what = why, *advice = "see the kernel log";

	if (error == -ENOENT) {
		what = "the module sysgenid is not loaded";
		advice = "run 'modprobe sysgenid'";
	} else if (error == -EPERM || error == -EACCES) {
		advice = plan->inside ? "run criu with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in "
					"the user namespace that owns its PID namespace"
				      : "run criu with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in "
					"the initial user namespace";
	}
	if (is_needed(facts))
		decide(judgement, SYSGENID_REFUSE,
		       "cannot make a new generation: %s; %s and restore again (%s)", what, advice,
		       reason(facts));
	else if (error == -ENOENT && facts->in_file)
		/* The tasks use a counter file, which needs no module. */
		decide(judgement, SYSGENID_GO_RESEED, "%s", "");
	else
		decide(judgement, SYSGENID_GO_RESEED,
		       "no new generation for this restore: %s; no restored process uses the "
		       "counter, so it goes on. To get rid of this warning: %s",
		       what, advice);
}

void sysgenid_policy_judge(const struct sysgenid_facts *facts, const struct sysgenid_plan *plan,
			   int error, const char *why, struct sysgenid_judgement *judgement)
{
	if (!error)
		quietly(judgement, SYSGENID_GO);
	else if (error == -EIO)
		decide(judgement, is_needed(facts) ? SYSGENID_GO_IF_RESEEDED : SYSGENID_GO_RESEED,
		       "%sthe kernel's random number generator was not reseeded: %s",
		       plan->reseed_only ? "" : "the generation has moved, but ", why);
	else if (error == -ERANGE && plan->min)
		judge_range(facts, plan, judgement);
	else
		judge_failure(facts, plan, error, why, judgement);
}
