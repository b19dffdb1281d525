// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "reseeded.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_PAUSE_NS 50000L
#define LONGEST_PAUSE_NS 5000000L
#define PATIENCE_NS 10000000000LL /* a reseed takes well below a millisecond, but it needs a CPU */

int sysgenid_wait_reseeded(const struct sysgenid *handle, unsigned int flags, int64_t *waited,
			   uint32_t *generation)
{
	struct timespec nap = { .tv_nsec = FIRST_PAUSE_NS };

	for (;;) {
		*generation = sysgenid_generation(handle);
		if (__atomic_load_n(&handle->page->rng_generation, __ATOMIC_ACQUIRE) == *generation)
			return 0;
		if (flags & GRND_NONBLOCK)
			return -EAGAIN;
		if (*waited >= PATIENCE_NS)
			return -ETIMEDOUT;
		/* A signal handler may have run for a long time: check again. */
		(void)nanosleep(&nap, NULL);
		*waited += nap.tv_nsec;
		if (nap.tv_nsec < LONGEST_PAUSE_NS)
			nap.tv_nsec *= 2;
	}
}
