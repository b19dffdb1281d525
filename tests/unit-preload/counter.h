/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter of the test's own, in the place of libsysgenid's. */
#ifndef TEST_COUNTER_H
#define TEST_COUNTER_H

#include <errno.h>
#include <libsysgenid.h>
#include <stdlib.h>

static struct sysgenid_page page = { .magic = SYSGENID_PAGE_MAGIC,
				     .version = SYSGENID_PAGE_VERSION,
				     .flags = SYSGENID_PAGE_F_RNG };
static struct sysgenid handle = { .page = &page, .fd = -1 };
/* Called when the counter is opened, if there is one. */
static void (*while_opening)(void);

int sysgenid_open(struct sysgenid **out, const char *path, unsigned int flags)
{
	(void)path;
	if (flags != SYSGENID_OPEN_MAP_ONLY)
		abort();
	if (while_opening)
		while_opening();
	*out = &handle;
	return 0;
}

void sysgenid_close(struct sysgenid *closed)
{
	(void)closed;
}

static inline void kernel_ready(void)
{
	__atomic_store_n(&page.rng_generation, page.generation, __ATOMIC_RELEASE);
}

static inline void bump(void)
{
	__atomic_add_fetch(&page.generation, 1, __ATOMIC_RELEASE);
	kernel_ready();
}

#endif /* TEST_COUNTER_H */
