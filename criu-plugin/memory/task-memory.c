// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cleanup.h>

#include "status.h"
#include "task-memory.h"

#define BATCH 512u		  /* pages */
#define ZEROS 4096u		  /* bytes */
#define OLD_WAY (1ull << 26)	  /* pages, 256 GB of 4 kB each: seconds */
#define MOST_FETCHED (1ull << 14) /* pages that a userfaultfd server has to bring: seconds */

/* struct pm_scan_arg and struct page_region of Linux 6.7's include/uapi/linux/fs.h. */
struct scan {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end; /* how far the scan got */
	uint64_t regions;
	uint64_t n_regions;
	uint64_t max_pages;
	uint64_t inverted; /* categories of all_of that a page must not have */
	uint64_t all_of;
	uint64_t any_of;
	uint64_t wanted;
};

struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

#define SCAN _IOWR('f', 16, struct scan)
#define SCAN_PRESENT (1u << 3)
#define SCAN_SWAPPED (1u << 4)
#define SCAN_ZERO (1u << 5) /* the kernel's shared page of zeros */

int sysgenid_memory_open(pid_t pid, struct sysgenid_memory *memory)
{
	char path[64];

	*memory = (struct sysgenid_memory){ .pid = pid, .memory = -1, .pagemap = -1 };
	memory->inner = sysgenid_inner_pid(pid);
	if (memory->inner < 0)
		return memory->inner;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	memory->memory = open(path, O_RDWR | O_CLOEXEC);
	if (memory->memory < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	memory->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	return memory->pagemap < 0 ? -errno : 0;
}

void sysgenid_memory_close(struct sysgenid_memory *memory)
{
	sysgenid_cleanup_close(&memory->memory);
	sysgenid_cleanup_close(&memory->pagemap);
}

/*
 * Writes one block again and again. Areas are whole pages, and so whole blocks. The block is not a
 * constant: each page of the plugin is mapped in each restore.
 */
static int clear(int memory, uint64_t start, uint64_t end)
{
	cleanup_free char *zeros = calloc(1, ZEROS);
	struct iovec parts[16];

	if (!zeros)
		return -ENOMEM;
	for (size_t i = 0; i < 16; i++)
		parts[i] = (struct iovec){ .iov_base = zeros, .iov_len = ZEROS };
	while (start < end) {
		uint64_t left = (end - start) / ZEROS;
		ssize_t n = pwritev(memory, parts, left < 16 ? (int)left : 16, (off_t)start);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		start += (size_t)n;
	}
	return 0;
}

/*
 * Asks the kernel where pages are. Missing pages cost nothing, however large the area is. Returns
 * -ENOTTY before Linux 6.7.
 */
static int clear_by_scan(int memory, int pagemap, uint64_t start, uint64_t end)
{
	struct scan_region regions[BATCH];
	struct scan scan = {
		.size = sizeof(scan),
		.start = start,
		.end = end,
		.regions = (uintptr_t)regions,
		.n_regions = BATCH,
		.inverted = SCAN_ZERO,
		.all_of = SCAN_ZERO,
		.any_of = SCAN_PRESENT | SCAN_SWAPPED,
		.wanted = SCAN_PRESENT | SCAN_SWAPPED,
	};

	while (scan.start < end) {
		int n = ioctl(pagemap, SCAN, &scan);

		if (n < 0)
			return -errno;
		for (int i = 0; i < n; i++) {
			int error = clear(memory, regions[i].start, regions[i].end);

			if (error)
				return error;
		}
		if (scan.walk_end <= scan.start)
			return -EIO;
		scan.start = scan.walk_end;
	}
	return 0;
}

/*
 * Looks at the pagemap entry of each page. The total number is limited: all tasks wait meanwhile,
 * and a task can make an area of any size.
 */
static int clear_by_looking(int memory, int pagemap, uint64_t start, uint64_t end)
{
	static uint64_t looked_at; /* in this dump or restore */
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t entries[BATCH];

	if ((end - start) / page > OLD_WAY - looked_at)
		return -EFBIG;
	looked_at += (end - start) / page;
	while (start < end) {
		size_t n = (end - start) / page < BATCH ? (end - start) / page : BATCH;
		off_t at = (off_t)(start / page * sizeof(entries[0]));
		ssize_t got = pread(pagemap, entries, n * sizeof(entries[0]), at);

		if (got != (ssize_t)(n * sizeof(entries[0])))
			return got < 0 ? -errno : -EIO;
		for (size_t i = 0; i < n; i++) {
			uint64_t address = start + i * page;
			/* Bit 63: present, 62: swapped or migrating. */
			int error = entries[i] >> 62 ? clear(memory, address, address + page) : 0;

			if (error)
				return error;
		}
		start += n * page;
	}
	return 0;
}

/* Leaves missing pages alone, since clearing a missing page would allocate it. */
int sysgenid_memory_clear(const struct sysgenid_memory *memory, uint64_t start, uint64_t end)
{
	int error = clear_by_scan(memory->memory, memory->pagemap, start, end);

	return error == -ENOTTY ? clear_by_looking(memory->memory, memory->pagemap, start, end)
				: error;
}

/*
 * Reads one byte of each page by process_vm_readv(), which waits for a missing page; a read of
 * /proc/PID/mem would fail. The userfaultfd server never replaces a page that is there.
 */
int sysgenid_memory_fetch(const struct sysgenid_memory *memory, uint64_t start, uint64_t end)
{
	static uint64_t fetched; /* in this restore */
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct iovec remote[BATCH];
	char bytes[BATCH];

	if ((end - start) / page > MOST_FETCHED - fetched)
		return -EFBIG;
	fetched += (end - start) / page;
	while (start < end) {
		struct iovec local = { .iov_base = bytes };
		ssize_t got;

		for (; local.iov_len < BATCH && start < end; start += page)
			remote[local.iov_len++] =
				(struct iovec){ .iov_base = (void *)start, .iov_len = 1 };
		got = process_vm_readv(memory->pid, &local, 1, remote, local.iov_len, 0);
		if (got != (ssize_t)local.iov_len)
			return got < 0 ? -errno : -EFAULT;
	}
	return 0;
}
