/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says about the process that sysgenid inspect looks at. */
#ifndef SYSGENID_INSPECT_PROCESS_H
#define SYSGENID_INSPECT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct inspected {
	pid_t pid;
	/* The files that the process maps, each once: the program and its libraries. */
	char **paths;
	size_t n_paths;
	bool counter_mapped;
	bool counter_open;
	bool droppable;	   /* libc keeps a state of getrandom */
	bool wipe_on_fork; /* memory that a fork would clear, and a restore does not */
};

/* Is it the device, or a counter file, in whatever mount namespace? */
bool inspect_is_counter(const char *path);

/* Reads the mappings. Returns 0 or -errno. */
int inspect_mappings(struct inspected *process);

void inspect_free(struct inspected *process);

/*
 * Returns the path of the first mapped file whose name begins with @name and goes on with one of
 * the characters in @next, or ends there. NULL: there is none.
 */
const char *inspect_mapped(const struct inspected *process, const char *name, const char *next);

/*
 * Is @text somewhere in the first 512 MB of the process's program? Returns 1, 0, or -1: the program
 * cannot be read, or not within ten seconds, or is on FUSE, whose server may never answer.
 */
int inspect_program_has(const struct inspected *process, const char *text, size_t size);

#endif
