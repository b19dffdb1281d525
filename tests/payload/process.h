/* SPDX-License-Identifier: GPL-2.0-only */
/* Children that sleep in one system call, and children without privileges. */
#ifndef PROCESS_H
#define PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NEVER LONG_MIN /* it did not come back */
#define ALL_CAPABILITIES (~(uint64_t)0)

/* A child that does one thing, which may sleep. It shares the open files. */
struct sleeper {
	pid_t pid;
	int pipe;
};

void sleeper_start(struct sleeper *sleeper, long (*body)(int fd), int fd);
/* Waits until the child is asleep. Returns false if the call came back instead. */
bool sleeper_asleep(struct sleeper *sleeper);
bool sleeper_still_asleep(struct sleeper *sleeper); /* waits a moment for the call to come back */
long sleeper_result(struct sleeper *sleeper);	/* what body returned, NEVER after ten seconds */
void sleeper_end(struct sleeper *sleeper);	/* whatever it does */
long sleeper_switches(struct sleeper *sleeper); /* how often the child went to sleep */

/*
 * Run body in a child; the result is what it returns, 0 to 254 (an error number, say).
 */
int as_user(int (*body)(long arg), long arg); /* no capabilities, not root */
int with_capabilities(uint64_t mask, int (*body)(long arg), long arg); /* user with these */
int in_namespace(int flags, int (*body)(long arg), long arg); /* unshare(flags), root inside */
long own_namespace(void);		 /* inode number of the PID namespace */
void become_user(uint64_t capabilities); /* for good */

/* Bytes that the memory controller has charged to the cgroup of that directory. */
long cgroup_charge(const char *cgroup);

#endif /* PROCESS_H */
