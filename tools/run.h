/* SPDX-License-Identifier: GPL-2.0-only */
/* sysgenid run: what its files share. */
#ifndef SYSGENID_RUN_H
#define SYSGENID_RUN_H

#include "tool.h"

#include <sys/types.h>

struct overseer {
	struct sysgenid *handle; /* NULL: there is no counter, and COMMAND runs all the same */
	const char *directory;	 /* post-restore.d */
	const char *unquiesce;	 /* unquiesce.d */
	uint32_t script_ms;
	uint32_t watchers_ms;
	bool json;
	bool once;
	bool remembers; /* it is the machine's one: what is done outlives it */
	pid_t child;	/* 0: there is none */
	int signals;	/* a signalfd */
	int status;	/* that we are to end with, or -1 to go on */
};

/* run.c: takes the signals that have come. Are we to end? */
bool overseer_stops(struct overseer *overseer);

/*
 * adapt.c: does what is to be done after a change, reports, acknowledges. Returns an exit status;
 * when we are to end it leaves the rest.
 */
int overseer_adapt(struct overseer *overseer);

/* memory.c: of the overseers of this boot and PID namespace */

/* Up to which generation the work was done; false: there was none before us. */
bool overseer_recall(uint32_t *generation);
void overseer_remember(uint32_t generation);

#endif /* SYSGENID_RUN_H */
