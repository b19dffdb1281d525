/* SPDX-License-Identifier: GPL-2.0-only */
/* The findings of sysgenid doctor, as text or as JSON. */
#ifndef SYSGENID_DOCTOR_FINDING_H
#define SYSGENID_DOCTOR_FINDING_H

#include <stdbool.h>
#include <stdint.h>

enum finding_state {
	FINDING_GOOD,
	FINDING_NOTE, /* good to know; nothing is broken */
	FINDING_PROBLEM,
};

/* One finding; @advice says what to do, or NULL. */
void doctor_find(enum finding_state state, const char *check, const char *advice,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds a number to the last finding, in JSON only. */
void doctor_add_number(const char *key, uint32_t value);

/* Before the first finding. @json: print one object at the end, and nothing before. */
void doctor_begin(bool json);

/* Has a problem been found so far? */
bool doctor_has_problems(void);

/* After the last one. Returns the command's exit status. */
int doctor_end(void);

#endif
