/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of sysgenid run. */
#ifndef SYSGENID_OVERSEER_H
#define SYSGENID_OVERSEER_H

#include "libsysgenid.h"

#include <sys/types.h>

struct overseer {
	struct sysgenid *handle; /* NULL: there is no counter; COMMAND runs all the same */
	const char *directory;	 /* post-restore.d */
	const char *unquiesce;	 /* unquiesce.d */
	uint32_t script_ms;
	uint32_t watchers_ms;
	bool json;
	bool once;
	uint32_t done;	/* the generation up to which the work is done */
	bool remembers; /* the machine's overseer: its work outlives it (memory.h) */
	pid_t child;	/* 0: there is none */
	int signals;	/* a signalfd */
	int status;	/* the exit status to end with; -1 to go on */
};

#endif
