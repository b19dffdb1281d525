// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "areas.h"
#include "log.h"
#include "maps.h"
#include "task-memory.h"
#include "droppable.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

/*
 * Can any task have droppable memory here? If not, smaps is not read: reading smaps is slow for a
 * large task.
 */
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

struct rng_walk {
	struct sysgenid_memory memory;
	int areas;
	bool may_run;
	int error; /* the first error; the other areas are still cleared */
	SysgenidImage *image;
};

static int dump_area(const struct sysgenid_vma *vma, void *argument)
{
	struct rng_walk *walk = argument;
	int error, not_recorded;

	if (!vma->droppable)
		return 0;
	walk->areas++;
	error = sysgenid_memory_clear(&walk->memory, vma->start, vma->end);
	not_recorded = sysgenid_image_add_rng_area(walk->image, walk->memory.inner, vma->start,
						   vma->end, !error && !walk->may_run);
	if (not_recorded)
		sysgenid_warn("cannot record droppable memory of task %d: %s", walk->memory.pid,
			      strerror(-not_recorded));
	sysgenid_debug("task %d: droppable memory at %#llx-%#llx: %s", walk->memory.pid,
		       (unsigned long long)vma->start, (unsigned long long)vma->end,
		       error ? strerror(-error) : "cleared");
	walk->error = walk->error ? walk->error : error;
	return 0;
}

int sysgenid_droppable_dump(pid_t pid, bool may_run, SysgenidImage *image)
{
	struct rng_walk walk = { .image = image, .may_run = may_run };
	int error;

	if (!kernel_knows_droppable())
		return 0;
	error = sysgenid_memory_open(pid, &walk.memory);
	if (!error)
		error = sysgenid_for_each_vma(pid, true, dump_area, &walk);
	error = error ? error : walk.error;
	sysgenid_memory_close(&walk.memory);
	if (error) {
		sysgenid_warn("cannot clear the getrandom state of task %d: %s; two restores on "
			      "another machine may draw the same numbers",
			      pid, strerror(-error));
		return error;
	}
	return walk.areas;
}

void sysgenid_droppable_restore(pid_t pid, const SysgenidImage *image)
{
	int error = sysgenid_areas_clear(pid, image->rng_areas, image->n_rng_areas);

	if (error)
		sysgenid_warn("cannot clear the getrandom state of task %d: %s", pid,
			      strerror(-error));
}
