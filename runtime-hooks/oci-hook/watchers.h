/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for the programs in a container that asked to be waited for. */
#ifndef SYSGENID_HOOK_WATCHERS_H
#define SYSGENID_HOOK_WATCHERS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Waits until no tracked watcher in @pid's PID namespace is outdated. Returns 0 or -errno; -ETIME
 */
int hook_wait_watchers(pid_t pid, uint32_t limit_ms);

#endif
