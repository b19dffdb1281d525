/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SYSGENID_RESEEDED_H
#define SYSGENID_RESEEDED_H

#include "internal.h"

/*
 * Waits until the kernel's generator has been reseeded for the current generation, and returns that
 * generation. There is nothing to sleep on, so this function takes short naps; the wait is short.
 * It counts naps, in *waited, instead of reading the clock, which may jump in a restored process.
 * Returns 0, -EAGAIN with GRND_NONBLOCK, or -ETIMEDOUT.
 */
int sysgenid_wait_reseeded(const struct sysgenid *handle, unsigned int flags, int64_t *waited,
			   uint32_t *generation);

#endif
