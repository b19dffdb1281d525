/* SPDX-License-Identifier: GPL-2.0-only */
/* A counter of the test's own, in the place of libsysgenid's. */
#ifndef TEST_COUNTER_H
#define TEST_COUNTER_H

#include <errno.h>
#include <libsysgenid.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct sysgenid_page page = { .magic = SYSGENID_PAGE_MAGIC,
				     .version = SYSGENID_PAGE_VERSION,
				     .flags = SYSGENID_PAGE_F_RNG };
/* The hypervisor's page. */
static unsigned char vmclock[4096];
static struct sysgenid handle = { .page = &page, .fd = -1, .vmclock = vmclock };
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

/* The hypervisor has moved its counter, and the kernel has not seen it. */
static inline void restore_machine(void)
{
	__atomic_add_fetch((uint64_t *)(vmclock + SYSGENID_VMCLOCK_COUNTER), 1, __ATOMIC_RELEASE);
}

/* Takes the place of libc's function: by it the kernel is asked, which then follows. */
int madvise(void *address, size_t size, int advice)
{
	(void)size, (void)advice;
	if (address != vmclock)
		return 0;
	bump();
	__atomic_store_n(&page.vmclock_counter,
			 __atomic_load_n((uint64_t *)(vmclock + SYSGENID_VMCLOCK_COUNTER),
					 __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
	return 0;
}

#endif /* TEST_COUNTER_H */
