// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "counterfile-page.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OVERFLOW_UID 65534 /* how a user namespace shows the host's root */

int counterfile_open(int folder, const char *path, int flags)
{
	int fd;

	flags |= O_CLOEXEC | O_NOCTTY;
	fd = openat(folder, path, flags | O_NONBLOCK);
	/*
	 * EAGAIN: somebody holds a lease, which only regular files have. The kernel gives no new
	 * lease while somebody waits, so the wait ends.
	 */
	if (fd < 0 && errno == EAGAIN)
		fd = openat(folder, path, flags);
	return fd < 0 ? -errno : fd;
}

/*
 * If others could truncate the file, this process would get SIGBUS when it reads the page. If
 * others could write the file, its generation would mean nothing. Root can do both, and anything
 * else.
 */
int counterfile_check_file(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) && !(status.st_mode & (S_IWGRP | S_IWOTH)) &&
			       (status.st_uid == 0 || status.st_uid == OVERFLOW_UID ||
				status.st_uid == geteuid()) &&
			       status.st_size == sysconf(_SC_PAGESIZE)
		       ? 0
		       : -ENOTTY;
}

int counterfile_check(int fd)
{
	struct sysgenid_page page;
	int error = counterfile_check_file(fd);

	if (error)
		return error;
	if (pread(fd, &page, sizeof(page), 0) != sizeof(page))
		return -ENOTTY;
	return page.magic == SYSGENID_PAGE_MAGIC && page.version == SYSGENID_PAGE_VERSION ? 0
											  : -ENOTTY;
}

int counterfile_map(int fd, bool writable, struct sysgenid_page **page)
{
	int ret = counterfile_check(fd);

	if (ret)
		return ret;
	*page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | (writable ? PROT_WRITE : 0),
		     MAP_SHARED, fd, 0);
	return *page == MAP_FAILED ? -errno : 0;
}

void counterfile_unmap(struct sysgenid_page *page)
{
	munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

uint32_t counterfile_raise(struct sysgenid_page *page, uint32_t min)
{
	uint32_t next, now = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);

	/* Release: a reader of the new generation sees all that was written before. */
	do {
		next = now == UINT32_MAX ? 1 : now + 1;
		/*
		 * When the page has the highest number, a @min of that number must not keep it
		 * there.
		 */
		if (next < min && min != now)
			next = min;
	} while (!__atomic_compare_exchange_n(&page->generation, &now, next, false,
					      __ATOMIC_RELEASE, __ATOMIC_ACQUIRE));
	return next;
}

/*
 * Stores one word, unless the page has another generation. The old word is loaded before the look
 * at the generation: so this process overwrites no word of the one that raised the page after it.
 */
static void store_word(struct sysgenid_page *page, uint32_t generation, uint32_t *word,
		       uint32_t drawn)
{
	uint32_t old = __atomic_load_n(word, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&page->generation, __ATOMIC_ACQUIRE) == generation &&
	       !__atomic_compare_exchange_n(word, &old, drawn, false, __ATOMIC_RELEASE,
					    __ATOMIC_ACQUIRE))
		;
}

bool counterfile_is_reseeded(const struct sysgenid_page *page)
{
	uint32_t now = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&page->rng_generation, __ATOMIC_ACQUIRE) == now;
}

uint32_t counterfile_restored(const struct sysgenid_page *page, uint32_t *generation)
{
	uint32_t now, restored;

	do {
		now = restored = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&page->resumed, __ATOMIC_ACQUIRE) == now)
			restored = __atomic_load_n(&page->restored, __ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&page->generation, __ATOMIC_ACQUIRE) != now);
	*generation = now;
	return restored;
}

uint32_t counterfile_resume(struct sysgenid_page *page)
{
	uint32_t now, next, restored;

	do {
		restored = counterfile_restored(page, &now);
		next = now == UINT32_MAX ? 1 : now + 1;
	} while (!__atomic_compare_exchange_n(&page->generation, &now, next, false,
					      __ATOMIC_RELEASE, __ATOMIC_ACQUIRE));
	/* In this order: restored counts only with this generation in resumed. */
	store_word(page, next, &page->restored, restored);
	store_word(page, next, &page->resumed, next);
	return next;
}

/* Not without random bytes: then the incarnation stays that of another generation. */
static bool draw_incarnation(struct sysgenid_page *page, uint32_t generation)
{
	uint32_t drawn[SYSGENID_INCARNATION_WORDS];

	if (syscall(SYS_getrandom, drawn, sizeof(drawn), 0) != sizeof(drawn))
		return false;
	for (size_t i = 0; i < SYSGENID_INCARNATION_WORDS; i++)
		store_word(page, generation, &page->incarnation[i], drawn[i]);
	__atomic_fetch_or(&page->flags, SYSGENID_PAGE_F_INCARNATION, __ATOMIC_RELEASE);
	return true;
}

void counterfile_reseeded(struct sysgenid_page *page, uint32_t generation)
{
	uint32_t told = __atomic_load_n(&page->rng_generation, __ATOMIC_ACQUIRE);

	if (!(page->flags & SYSGENID_PAGE_F_RNG) || !draw_incarnation(page, generation))
		return;
	/*
	 * Acquire: a process that sees another's rng_generation also sees that generation, and
	 * does not replace it.
	 */
	while (__atomic_load_n(&page->generation, __ATOMIC_ACQUIRE) == generation &&
	       !__atomic_compare_exchange_n(&page->rng_generation, &told, generation, false,
					    __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
		;
}
