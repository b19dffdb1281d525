/* SPDX-License-Identifier: GPL-2.0-only */
/* Clears memory of a stopped task. */
#ifndef SYSGENID_TASK_MEMORY_H
#define SYSGENID_TASK_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

struct sysgenid_memory {
	pid_t pid;
	pid_t inner; /* the task's number in its own PID namespace */
	int memory;
	int pagemap;
};

/* Returns 0 or -errno. The caller must close memory in both cases. */
int sysgenid_memory_open(pid_t pid, struct sysgenid_memory *memory);
void sysgenid_memory_close(struct sysgenid_memory *memory);

/* Clears whole pages. Returns 0 or -errno; -EFBIG: too many to look at (before Linux 6.7). */
int sysgenid_memory_clear(const struct sysgenid_memory *memory, uint64_t start, uint64_t end);

/*
 * Waits until all pages of memory that is registered with userfaultfd are there. The task must be
 * able to read the memory. Returns 0 or -errno; -EFBIG: too many pages to wait for.
 */
int sysgenid_memory_fetch(const struct sysgenid_memory *memory, uint64_t start, uint64_t end);

#endif
