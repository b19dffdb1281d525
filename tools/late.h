/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is late: the processes of this machine that have an outdated, tracked file open. */
#ifndef SYSGENID_LATE_H
#define SYSGENID_LATE_H

#include "base/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define LATE_SHOWN 32
#define LATE_NAME 16 /* of a process, as in /proc/PID/comm */

struct late {
	struct {
		pid_t pid;
		char name[LATE_NAME];
	} shown[LATE_SHOWN];
	unsigned int n; /* how many there are; the first LATE_SHOWN of them are in shown */
	bool complete;	/* false: others were not found */
};

/*
 * Finds the processes with such a file of domain @domain, as far as this user may see them. A file
 * that processes share is found in each of them. One that is mapped only, on its way in a message,
 * or a thread's alone is not found: @outdated is how many the kernel counts.
 */
void tool_find_late(uint32_t domain, uint32_t outdated, struct late *late);

/* One line of text without its end: "PID 12 (name), ...", and what is missing in it. */
void tool_print_late(FILE *out, const struct late *late);

/*
 * The keys late_processes, an array of objects with the keys pid and command, and
 * late_processes_complete.
 */
void tool_json_late(struct json_object *object, const struct late *late);

#endif
