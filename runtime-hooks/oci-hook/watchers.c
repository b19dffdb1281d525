// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for the programs in a container that asked to be waited for. */
#include "watchers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include <cleanup.h>
#include <clock.h>
#include <libsysgenid.h>

#define PAUSE_NS 10000000L

/* The kernel does not report single acknowledgements, so ask again and again. */
int hook_wait_watchers(pid_t pid, uint32_t limit_ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const int64_t end = sysgenid_now_ms() + limit_ms;
	cleanup_close int namespace = -1;
	struct sysgenid_status status;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return -errno;
	for (;;) {
		error = sysgenid_get_domain_status(namespace, &status, NULL, NULL);
		if (error || !status.outdated)
			return error;
		if (sysgenid_now_ms() >= end)
			return -ETIME;
		nanosleep(&pause, NULL);
	}
}
