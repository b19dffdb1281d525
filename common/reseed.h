/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SYSGENID_RESEED_H
#define SYSGENID_RESEED_H

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>

#include "cleanup.h"

/*
 * Has the kernel reseed its random number generator. The vDSO then drops all states that were made
 * before on this machine. Returns 0 or -errno. Needs CAP_SYS_ADMIN.
 */
static inline int sysgenid_reseed_kernel(void)
{
	cleanup_close int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return ioctl(fd, RNDRESEEDCRNG) ? -errno : 0;
}

#endif
