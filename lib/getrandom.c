// SPDX-License-Identifier: LGPL-2.1-or-later
/* Random bytes that are known not to come from a state that a clone has. */
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <time.h>

#define FIRST_PAUSE_NS 50000L
#define LONGEST_PAUSE_NS 5000000L
#define PATIENCE_NS 10000000000LL /* a reseed takes well below a millisecond, but it needs a CPU */

/*
 * Waits until the kernel's generator has been reseeded for the current generation, and returns that
 * generation. There is nothing to sleep on, so this function takes short naps; the wait is short.
 * It counts naps instead of reading the clock, which may jump in a restored process.
 */
static int wait_reseeded(const struct sysgenid *handle, unsigned int flags, int64_t *waited,
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

int sysgenid_incarnation(const struct sysgenid *handle, void *id, unsigned int flags,
			 uint32_t *generation)
{
	const uint32_t all = SYSGENID_PAGE_F_RNG | SYSGENID_PAGE_F_INCARNATION;
	uint32_t words[4], now;
	int64_t waited = 0;
	int ret;

	memset(id, 0, SYSGENID_INCARNATION_SIZE);
	if ((__atomic_load_n(&handle->page->flags, __ATOMIC_ACQUIRE) & all) != all)
		return -EOPNOTSUPP;
	do {
		ret = wait_reseeded(handle, flags, &waited, &now);
		if (ret < 0)
			return ret;
		for (size_t i = 0; i < 4; i++)
			words[i] = __atomic_load_n(&handle->page->incarnation[i], __ATOMIC_ACQUIRE);
	} while (sysgenid_generation(handle) != now);
	memcpy(id, words, SYSGENID_INCARNATION_SIZE);
	if (generation)
		*generation = now;
	return 0;
}

/* The system call itself: the C library's function may draw from a state in this process. */
static int draw(unsigned char *to, size_t size, unsigned int flags)
{
	while (size) {
		long got = syscall(SYS_getrandom, to, size, flags);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		to += got;
		size -= got;
	}
	return 0;
}

int sysgenid_getrandom(const struct sysgenid *handle, void *buffer, size_t size, unsigned int flags,
		       uint32_t *generation)
{
	int64_t waited = 0;
	uint32_t before;
	int ret;

	if (!(__atomic_load_n(&handle->page->flags, __ATOMIC_ACQUIRE) & SYSGENID_PAGE_F_RNG))
		return -EOPNOTSUPP;
	for (;;) {
		ret = wait_reseeded(handle, flags, &waited, &before);
		if (ret == 0)
			ret = draw(buffer, size, flags);
		/*
		 * The generation is still the same, so no restore has happened since the wait, and
		 * the bytes were drawn after the reseed. The system call orders this load after
		 * the draw.
		 */
		if (ret < 0 || sysgenid_generation(handle) == before)
			break;
		explicit_bzero(buffer, size);
	}
	if (ret < 0)
		explicit_bzero(buffer, size);
	else if (generation)
		*generation = before;
	return ret;
}
