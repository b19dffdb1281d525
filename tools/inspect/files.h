/* SPDX-License-Identifier: GPL-2.0-only */
/* The open files of a process that must not exist twice. */
#ifndef SYSGENID_INSPECT_FILES_H
#define SYSGENID_INSPECT_FILES_H

#include "process.h"

#define INSPECT_SHOWN 4 /* examples of a kind */

struct inspect_kind {
	unsigned int n;
	char shown[INSPECT_SHOWN][160];
};

struct inspect_files {
	struct inspect_kind connected; /* TCP connections */
	struct inspect_kind listening; /* TCP, and UDP with a port */
	struct inspect_kind locked;    /* files with a lock of this process */
	struct inspect_kind devices;   /* that keep a state of their own, as far as known */
};

/* Reads the descriptors, and sets process->counter_open. Returns 0 or -errno. */
int inspect_open_files(struct inspected *process, struct inspect_files *files);

#endif
