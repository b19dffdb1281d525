/* SPDX-License-Identifier: GPL-2.0-only */
/* What sysgenid doctor and inspect find, as text or as JSON. */
#ifndef SYSGENID_FINDING_H
#define SYSGENID_FINDING_H

#include <stdbool.h>
#include <stdint.h>

enum finding_state {
	FINDING_GOOD,
	FINDING_NOTE, /* good to know; nothing is broken */
	FINDING_PROBLEM,
};

/* One finding; @advice says what to do, or NULL. */
void finding_add(enum finding_state state, const char *check, const char *advice,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds a number to the last finding, in JSON only. */
void finding_add_number(const char *key, uint32_t value);

/* Before the first finding. @json: print one object at the end, and nothing before. */
void findings_begin(bool json);

/* Has a problem been found so far? */
bool findings_have_problems(void);

/* After the last one. Returns the command's exit status. */
int findings_end(void);

#endif
