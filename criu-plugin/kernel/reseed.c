// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>

#include <cleanup.h>

#include "reseed.h"

int sysgenid_rng_reseed(void)
{
	cleanup_close int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return ioctl(fd, RNDRESEEDCRNG) ? -errno : 0;
}
