// SPDX-License-Identifier: LGPL-2.1-or-later
/* Random bytes that are known not to come from a state that a clone has. */
#define _GNU_SOURCE
#include "reseeded.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

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
		ret = sysgenid_wait_reseeded(handle, flags, &waited, &before);
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
