/* SPDX-License-Identifier: GPL-2.0-only */
/* What sysgenid doctor finds out about a machine. */
#ifndef SYSGENID_DOCTOR_H
#define SYSGENID_DOCTOR_H

enum finding_state {
	FINDING_GOOD,
	FINDING_NOTE, /* good to know; nothing is broken */
	FINDING_PROBLEM,
};

/* One finding; @advice says what to do, or NULL. */
void doctor_find(enum finding_state state, const char *check, const char *advice,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Each makes at least one finding. */
void doctor_check_module(void);
void doctor_check_device(void);
void doctor_check_files(void);
void doctor_check_plugin(void);
void doctor_check_hook(void);
void doctor_check_runtimes(void);

#endif
