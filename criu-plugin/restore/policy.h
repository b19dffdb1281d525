/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May this image be restored here, and with which generation? Pure functions of what is known:
 * first plan, then, with the result of the trigger, judge.
 */
#ifndef SYSGENID_POLICY_H
#define SYSGENID_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum sysgenid_image_state {
	SYSGENID_IMAGE_GOOD,
	SYSGENID_IMAGE_MISSING,
	SYSGENID_IMAGE_BAD,
	SYSGENID_IMAGE_FOREIGN, /* that of another dump, which counts as missing */
};

struct sysgenid_facts {
	enum sysgenid_image_state image;
	bool listed;   /* criu's inventory says that the image needs this plugin */
	bool required; /* the image says that a task uses the counter */
	/* The tasks get a PID namespace, and so a counter, of their own: the system's stays. */
	bool own_counter;
	/* criu is in a container's PID namespace, and so are the tasks, or below it. */
	bool inside;
	bool system_wide; /* the image says that a task has the system's counter */
	bool in_file;	  /* the image says that a task has a counter file */
	bool file_mark_is_last;
	bool mark_known;
	uint32_t mark;
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

/* The text is a sentence for the log, "" when there is nothing to say. */
struct sysgenid_judgement {
	enum sysgenid_verdict verdict;
	char text[512];
};

struct sysgenid_plan {
	struct sysgenid_judgement judgement; /* GO or REFUSE */
	bool reseed_only;		     /* nothing else is to be triggered */
	bool inside;			     /* criu's own PID namespace is all that is to move */
	uint32_t min;			     /* for the trigger; 0: no wish */
	bool force;
};

void sysgenid_policy_plan(const struct sysgenid_facts *facts, struct sysgenid_plan *plan);

/* After -EPERM: is there a smaller plan that is enough? */
bool sysgenid_policy_narrow(const struct sysgenid_facts *facts, struct sysgenid_plan *plan);

/*
 * error: 0 or -errno of the trigger, or of the status query before it. why: the kernel's or the
 * library's own words for it.
 */
void sysgenid_policy_judge(const struct sysgenid_facts *facts, const struct sysgenid_plan *plan,
			   int error, const char *why, struct sysgenid_judgement *judgement);

#endif
