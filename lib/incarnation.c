// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who one is. */
#define _GNU_SOURCE
#include "reseeded.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define WORDS SYSGENID_INCARNATION_WORDS

/*
 * Containers may share a counter file, and so the event's bits in it. No two PID namespaces that
 * exist at the same time have the same number, and copies are restored into new ones. -EOPNOTSUPP:
 * /proc does not show it, so that nobody can be told from another container.
 */
static int tell_apart(uint32_t words[WORDS])
{
	struct stat namespace;

	if (stat("/proc/self/ns/pid", &namespace))
		return errno == ENOMEM ? -ENOMEM : -EOPNOTSUPP;
	words[0] ^= (uint32_t) namespace.st_ino;
	return 0;
}

int sysgenid_incarnation(const struct sysgenid *handle, void *id, unsigned int flags,
			 uint32_t *generation)
{
	const uint32_t all = SYSGENID_PAGE_F_RNG | SYSGENID_PAGE_F_INCARNATION;
	const bool shared = sysgenid_source(handle) == SYSGENID_SOURCE_FILE;
	uint32_t words[WORDS], now;
	int64_t waited = 0;
	int ret;

	memset(id, 0, SYSGENID_INCARNATION_SIZE);
	if ((__atomic_load_n(&handle->page->flags, __ATOMIC_ACQUIRE) & all) != all)
		return -EOPNOTSUPP;
	do {
		ret = sysgenid_wait_reseeded(handle, flags, &waited, &now);
		if (ret < 0)
			return ret;
		for (size_t i = 0; i < WORDS; i++)
			words[i] = __atomic_load_n(&handle->page->incarnation[i], __ATOMIC_ACQUIRE);
		/* Between the two looks at the generation: a copy has another namespace. */
		ret = shared ? tell_apart(words) : 0;
	} while (sysgenid_generation(handle) != now);
	if (ret < 0)
		return ret;
	memcpy(id, words, SYSGENID_INCARNATION_SIZE);
	if (generation)
		*generation = now;
	return 0;
}
