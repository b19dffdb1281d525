// SPDX-License-Identifier: LGPL-2.1-or-later
/* The first moments of a restored virtual machine, until its kernel has moved the generation. */
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PAUSE_NS 50000L
#define LONGEST_PAUSE_NS 5000000L
#define PATIENCE_NS 1000000000LL

/*
 * Without the page the next load has the kernel compare the hypervisor's counter with its own, and
 * wait until the system's generation has moved. It needs no descriptor. A container's generation
 * moves a moment later if one of its processes moves it at the same time.
 */
void sysgenid_sync(const struct sysgenid *handle)
{
	struct timespec nap = { .tv_nsec = FIRST_PAUSE_NS };
	int64_t waited = 0;
	int error = errno;

	while (sysgenid_is_behind(handle)) {
		(void)madvise((void *)handle->vmclock, (size_t)sysconf(_SC_PAGESIZE),
			      MADV_DONTNEED);
		if (!sysgenid_is_behind(handle) || waited >= PATIENCE_NS)
			break;
		(void)nanosleep(&nap, NULL);
		waited += nap.tv_nsec;
		if (nap.tv_nsec < LONGEST_PAUSE_NS)
			nap.tv_nsec *= 2;
	}
	errno = error;
}
