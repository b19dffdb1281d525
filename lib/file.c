// SPDX-License-Identifier: LGPL-2.1-or-later
/* The counter in a regular file, for machines without the module: a page that only root writes, in place. */
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define OVERFLOW_UID 65534 /* how a user namespace shows the host's root */
#define FIRST_PAUSE_NS 1000000LL
#define LONGEST_PAUSE_NS 20000000LL

int sysgenid_file_open(int folder, const char *path, int flags)
{
	int fd;

	flags |= O_CLOEXEC | O_NOCTTY;
	fd = openat(folder, path, flags | O_NONBLOCK);
	/* A lease, which only regular files have. No new one is given while somebody waits, so that ends. */
	if (fd < 0 && errno == EAGAIN)
		fd = openat(folder, path, flags);
	return fd < 0 ? -errno : fd;
}

/*
 * A page that others could make shorter would end this process with SIGBUS when it looks, and one that they could write
 * would tell it nothing. What root does to it stays possible; whoever may do that may do anything.
 */
int sysgenid_file_check(int fd)
{
	struct sysgenid_page page;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_mode & (S_IWGRP | S_IWOTH) ||
	    (status.st_uid != 0 && status.st_uid != OVERFLOW_UID && status.st_uid != geteuid()) ||
	    status.st_size != sysconf(_SC_PAGESIZE))
		return -ENOTTY;
	if (pread(fd, &page, sizeof(page), 0) != sizeof(page))
		return -ENOTTY;
	return page.magic == SYSGENID_PAGE_MAGIC && page.version == SYSGENID_PAGE_VERSION ? 0
											  : -ENOTTY;
}

int sysgenid_file_map(int fd, bool writable, struct sysgenid_page **page)
{
	int ret = sysgenid_file_check(fd);

	if (ret)
		return ret;
	*page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | (writable ? PROT_WRITE : 0),
		     MAP_SHARED, fd, 0);
	return *page == MAP_FAILED ? -errno : 0;
}

void sysgenid_file_unmap(struct sysgenid_page *page)
{
	munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

uint32_t sysgenid_file_raise(struct sysgenid_page *page, uint32_t min)
{
	uint32_t next, now = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);

	/* Release: who reads the new number reads all that was written before. */
	do {
		next = now == UINT32_MAX ? 1 : now + 1;
		/* A wish for the highest number, when that is there already, must not keep it there. */
		if (next < min && min != now)
			next = min;
	} while (!__atomic_compare_exchange_n(&page->generation, &now, next, false,
					      __ATOMIC_RELEASE, __ATOMIC_ACQUIRE));
	return next;
}

void sysgenid_file_reseeded(struct sysgenid_page *page, uint32_t generation)
{
	uint32_t told = __atomic_load_n(&page->rng_generation, __ATOMIC_ACQUIRE);

	if (!(page->flags & SYSGENID_PAGE_F_RNG))
		return;
	/* Acquire: who sees what another has told sees the generation that it is about, too, and leaves it. */
	while (__atomic_load_n(&page->generation, __ATOMIC_ACQUIRE) == generation &&
	       !__atomic_compare_exchange_n(&page->rng_generation, &told, generation, false,
					    __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
		;
}

/* Nobody wakes those who wait for a file's word: they look, ever less often. */
int sysgenid_file_wait(const struct sysgenid *handle, uint32_t seen, int timeout_ms)
{
	const int64_t limit = timeout_ms * 1000000LL;
	int64_t pause = FIRST_PAUSE_NS, waited = 0;

	for (;;) {
		struct timespec nap = { .tv_nsec = pause };

		if (sysgenid_generation(handle) != seen)
			return 0;
		if (limit >= 0 && waited >= limit)
			return -ETIME;
		if (limit >= 0 && pause > limit - waited)
			nap.tv_nsec = limit - waited;
		if (nanosleep(&nap, NULL) < 0)
			return sysgenid_generation(handle) != seen ? 0 : -errno;
		/* Counted in naps: a restored process may see the clock jump. */
		waited += nap.tv_nsec;
		pause = 2 * pause < LONGEST_PAUSE_NS ? 2 * pause : LONGEST_PAUSE_NS;
	}
}
