/* SPDX-License-Identifier: GPL-2.0-only */
/* A small process that uses the counter and tells when its generation has moved. */
#ifndef SYSGENID_DOCTOR_SUBJECT_H
#define SYSGENID_DOCTOR_SUBJECT_H

#include <stdbool.h>
#include <sys/types.h>

enum subject_end {
	SUBJECT_RUNS,
	SUBJECT_MOVED, /* it has seen another generation and has ended */
	SUBJECT_GONE,  /* it has ended otherwise */
};

/*
 * Starts it, as the first process of a PID namespace of its own, so that nothing but its own
 * generation is moved when it is restored. It has @counter (NULL: the device) open and mapped.
 * Returns its PID, or -errno.
 */
pid_t subject_start(const char *counter);

/* Waits for its end, for at most @limit_ms. It is our child, or became it by a restore. */
enum subject_end subject_await(pid_t pid, int limit_ms);

/* Kills it, unless it has ended. */
void subject_kill(pid_t pid);

#endif
