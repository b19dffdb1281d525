// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "maps.h"
#include "rng.h"
#include "util.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

#define BATCH 512u	     /* pages */
#define OLD_WAY (1ull << 26) /* pages, 256 GB of 4 kB each: seconds */

/* Of include/uapi/linux/fs.h, Linux 6.7. */
struct scan {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end; /* how far it got */
	uint64_t regions;
	uint64_t n_regions;
	uint64_t max_pages;
	uint64_t inverted; /* of the categories that all must be, the ones that none may be */
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
#define SCAN_ZERO (1u << 5) /* the page that all share until they write */

/* smaps is slow for a large task: don't read it where no task can have droppable memory. */
static bool kernel_knows_droppable(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *probe =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_DROPPABLE, -1, 0);

	if (probe == MAP_FAILED)
		return false;
	munmap(probe, size);
	return true;
}

static int clear(int memory, uint64_t start, uint64_t end)
{
	static const char zeros[65536];

	while (start < end) {
		size_t size = end - start < sizeof(zeros) ? end - start : sizeof(zeros);
		ssize_t n = pwrite(memory, zeros, size, (off_t)start);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		start += (size_t)n;
	}
	return 0;
}

/* The kernel knows where the pages are: what is not there costs nothing, however large. -ENOTTY: before Linux 6.7. */
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

/* All tasks wait meanwhile, and one of them may have made an area of any size. */
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

/* Pages that are not there need no clearing, and clearing would bring them into being. */
static int clear_range(int memory, int pagemap, uint64_t start, uint64_t end)
{
	int error = clear_by_scan(memory, pagemap, start, end);

	return error == -ENOTTY ? clear_by_looking(memory, pagemap, start, end) : error;
}

struct rng_walk {
	pid_t pid;   /* as criu sees it */
	pid_t inner; /* in its own PID namespace */
	int memory;
	int pagemap;
	int areas;
	int error;	      /* the first one; the other areas are cleared all the same */
	SysgenidImage *image; /* dump */
	SysgenidRngArea *const *recorded; /* restore */
	size_t n_recorded;
};

static int open_task(struct rng_walk *walk)
{
	char path[64];

	walk->inner = sysgenid_inner_pid(walk->pid);
	if (walk->inner < 0)
		return walk->inner;
	snprintf(path, sizeof(path), "/proc/%d/mem", walk->pid);
	walk->memory = open(path, O_RDWR | O_CLOEXEC);
	if (walk->memory < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", walk->pid);
	walk->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	return walk->pagemap < 0 ? -errno : 0;
}

static void close_task(struct rng_walk *walk)
{
	sysgenid_cleanup_close(&walk->memory);
	sysgenid_cleanup_close(&walk->pagemap);
}

static int dump_area(const struct sysgenid_vma *vma, void *argument)
{
	struct rng_walk *walk = argument;
	int error, not_recorded;

	if (!vma->droppable)
		return 0;
	walk->areas++;
	error = clear_range(walk->memory, walk->pagemap, vma->start, vma->end);
	not_recorded =
		sysgenid_image_add_area(walk->image, walk->inner, vma->start, vma->end, !error);
	if (not_recorded)
		sysgenid_warn("cannot record droppable memory of task %d: %s", walk->pid,
			      strerror(-not_recorded));
	sysgenid_debug("task %d: droppable memory at %#llx-%#llx: %s", walk->pid,
		       (unsigned long long)vma->start, (unsigned long long)vma->end,
		       error ? strerror(-error) : "cleared");
	walk->error = walk->error ? walk->error : error;
	return 0;
}

int sysgenid_rng_dump(pid_t pid, SysgenidImage *image)
{
	struct rng_walk walk = { .pid = pid, .memory = -1, .pagemap = -1, .image = image };
	int error;

	if (!kernel_knows_droppable())
		return 0;
	error = open_task(&walk);
	if (!error)
		error = sysgenid_for_each_vma(pid, true, dump_area, &walk);
	error = error ? error : walk.error;
	close_task(&walk);
	if (error) {
		sysgenid_warn("cannot clear the getrandom state of task %d: %s; two restores on "
			      "another machine may draw the same numbers",
			      pid, strerror(-error));
		return error;
	}
	return walk.areas;
}

/*
 * The address comes from the image, and the memory may be another one by now: only private
 * anonymous memory is cleared. The kernel may have merged the area with its neighbours.
 */
static int restore_area(const struct sysgenid_vma *vma, void *argument)
{
	struct rng_walk *walk = argument;

	if (strcmp(vma->perms, "rw-p") || vma->inode ||
	    (vma->path[0] && strncmp(vma->path, "[anon", 5)))
		return 0;
	for (size_t i = 0; i < walk->n_recorded; i++) {
		const SysgenidRngArea *area = walk->recorded[i];
		int error;

		if (area->cleared || area->pid != (uint32_t)walk->inner ||
		    area->start < vma->start || area->end > vma->end)
			continue;
		error = clear_range(walk->memory, walk->pagemap, area->start, area->end);
		walk->error = walk->error ? walk->error : error;
	}
	return 0;
}

/* What was cleared at dump is clear in the image: then there is no task to look through. */
static bool any_left(SysgenidRngArea *const *areas, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!areas[i]->cleared)
			return true;
	return false;
}

int sysgenid_areas_clear(pid_t pid, SysgenidRngArea *const *areas, size_t n)
{
	struct rng_walk walk = {
		.pid = pid, .memory = -1, .pagemap = -1, .recorded = areas, .n_recorded = n
	};
	int error;

	if (!any_left(areas, n))
		return 0;
	error = open_task(&walk);
	if (!error)
		error = sysgenid_for_each_vma(pid, false, restore_area, &walk);
	error = error ? error : walk.error;
	close_task(&walk);
	/* A zombie has no memory. */
	return error == -ENOENT || error == -ESRCH ? 0 : error;
}

void sysgenid_rng_restore(pid_t pid, const SysgenidImage *image)
{
	int error = sysgenid_areas_clear(pid, image->rng_areas, image->n_rng_areas);

	if (error)
		sysgenid_warn("cannot clear the getrandom state of task %d: %s", pid,
			      strerror(-error));
}

int sysgenid_rng_reseed(void)
{
	cleanup_close int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return ioctl(fd, RNDRESEEDCRNG) ? -errno : 0;
}
