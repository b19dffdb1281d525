/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decides whether an image may be restored here, and with which generation. The functions have no
 * side effects: sysgenid_policy_plan() says what to trigger, and sysgenid_policy_judge() decides
 * from the trigger's result.
 */
#ifndef SYSGENID_POLICY_H
#define SYSGENID_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum sysgenid_image_state {
	SYSGENID_IMAGE_GOOD,
	SYSGENID_IMAGE_MISSING,
	SYSGENID_IMAGE_BAD,
	SYSGENID_IMAGE_FOREIGN, /* an image of another dump; counts as missing */
};

struct sysgenid_facts {
	enum sysgenid_image_state image;
	bool listed;   /* criu's inventory says that the image needs this plugin */
	bool required; /* the image says that a task uses the counter */
	/*
	 * The tasks' counter is that of a PID namespace other than the system's, so the system's
	 * generation does not move.
	 */
	bool own_counter;
	/* criu is in a container's PID namespace; the tasks are in the same one or below it. */
	bool inside;
	bool system_wide; /* the image says that a task has the system's counter */
	bool in_file;	  /* the image says that a task has a counter file */
	bool file_mark_is_last;
	bool mark_known;
	uint32_t mark;
	bool system_mark_known;
	uint32_t system_mark; /* of the system's counter; at most mark */
	bool strict;
	bool follow_any_mark;
};

enum sysgenid_verdict {
	SYSGENID_GO,		 /* in a plan: trigger; as a judgement: restore */
	SYSGENID_GO_RESEED,	 /* try to reseed the kernel's generator, then restore */
	SYSGENID_GO_IF_RESEEDED, /* restore if that reseed works */
	SYSGENID_GO_UNMARKED,	 /* trigger again, without the mark */
	SYSGENID_REFUSE,
};

/* text: a message for the log; "" if there is none. */
struct sysgenid_judgement {
	enum sysgenid_verdict verdict;
	char text[512];
};

struct sysgenid_plan {
	struct sysgenid_judgement judgement; /* GO or REFUSE */
	bool reseed_only;		     /* reseed the kernel only; no new generation */
	bool inside;			     /* move criu's own PID namespace only */
	uint32_t min;			     /* the lowest generation to trigger; 0: any */
	uint32_t inside_min;		     /* the same in criu's own PID namespace */
	bool force;
};

void sysgenid_policy_plan(const struct sysgenid_facts *facts, struct sysgenid_plan *plan);

/* After -EPERM: narrows the plan to criu's own PID namespace. Returns whether the plan changed. */
bool sysgenid_policy_narrow(const struct sysgenid_facts *facts, struct sysgenid_plan *plan);

/*
 * error: the result of the trigger, or of a status query before the trigger: 0 or -errno. why: the
 * kernel's or the library's message for this error.
 */
void sysgenid_policy_judge(const struct sysgenid_facts *facts, const struct sysgenid_plan *plan,
			   int error, const char *why, struct sysgenid_judgement *judgement);

#endif
