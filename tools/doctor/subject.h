/* SPDX-License-Identifier: GPL-2.0-only */
/* A small process that uses the counter and tells when its generation has moved. */
#ifndef SYSGENID_DOCTOR_SUBJECT_H
#define SYSGENID_DOCTOR_SUBJECT_H

#include <stdbool.h>
#include <sys/types.h>

enum subject_end {
	SUBJECT_RUNS,
	SUBJECT_MOVED, /* the process has seen another generation and has ended */
	SUBJECT_GONE,  /* the process has ended otherwise */
};

/*
 * Starts the process as the first one of a new PID namespace, so that a restore moves no other
 * generation. The process has @counter (NULL: the device) open and mapped. Returns its PID, or
 * -errno.
 */
pid_t subject_start(const char *counter);

/* Waits at most @limit_ms for the end of the process, which is our child, also after a restore. */
enum subject_end subject_await(pid_t pid, int limit_ms);

/* Kills the process, unless it has ended. */
void subject_kill(pid_t pid);

#endif
