/* SPDX-License-Identifier: GPL-2.0-only */
/* What sysgenid status has found out, and as metrics. */
#ifndef SYSGENID_METRICS_H
#define SYSGENID_METRICS_H

#include "base/report.h"

enum rng_state {
	RNG_ELSEWHERE, /* in a page that is not mapped here */
	RNG_UNKNOWN,   /* the device cannot be opened by this user, or not here */
	RNG_NOT_KEPT,  /* the kernel does not report it */
	RNG_PENDING,
	RNG_RESEEDED,
};

struct report {
	struct sysgenid_status status;
	uint32_t domain;
	enum rng_state rng;
	const unsigned char *incarnation; /* NULL: none yet */
	unsigned char bytes[SYSGENID_INCARNATION_SIZE];
};

/*
 * Prints metrics in Prometheus' text format. @report: NULL if the module is not loaded. Returns an
 * exit status.
 */
int tool_print_metrics(const struct report *report);

#endif
