// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "areas.h"
#include "maps.h"
#include "status.h"
#include "task-memory.h"

struct areas_walk {
	struct sysgenid_memory memory;
	SysgenidRngArea *const *next; /* the first area that has not been handled */
	SysgenidRngArea *const *end;
	bool any_memory;
	int error; /* the first error */
};

/*
 * Is the mapping private memory without a file? This is checked since the image cannot be trusted,
 * and the task may have other memory at the address by now.
 */
static bool is_private_memory(const struct sysgenid_vma *vma)
{
	static const char *const names[] = { "[anon", "[heap]", "[stack]" };

	if (vma->perms[3] != 'p' || vma->inode)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(vma->path, names[i], strlen(names[i])))
			return true;
	return !vma->path[0];
}

static int clear_area(const struct sysgenid_memory *memory, const struct sysgenid_vma *vma,
		      const SysgenidRngArea *area)
{
	int error;

	/* The mapping may be larger than the area: the kernel merges neighbours. */
	if (area->start < vma->start || area->end > vma->end || !is_private_memory(vma))
		return -EFAULT;
	if (vma->lazy) {
		error = vma->perms[0] == 'r' ? sysgenid_memory_fetch(memory, area->start, area->end)
					     : -EACCES;
		if (error)
			return error;
	}
	return sysgenid_memory_clear(memory, area->start, area->end);
}

/* Both the mappings and the areas come in the order of their addresses. */
static int clear_in_mapping(const struct sysgenid_vma *vma, void *argument)
{
	struct areas_walk *walk = argument;

	walk->any_memory = true;
	for (; walk->next < walk->end && (*walk->next)->start < vma->end; walk->next++) {
		int error = clear_area(&walk->memory, vma, *walk->next);

		walk->error = walk->error ? walk->error : error;
	}
	return walk->next == walk->end;
}

/*
 * Finds the first area of a task whose number is pid or higher. Areas that are clear already are
 * the last ones of the array.
 */
static size_t first_of(uint32_t pid, SysgenidRngArea *const *areas, size_t n)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (!areas[middle]->cleared && areas[middle]->pid < pid)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

static int clear_areas(pid_t pid, struct areas_walk *walk)
{
	int error = sysgenid_memory_open(pid, &walk->memory);

	if (!error)
		error = sysgenid_for_each_vma(pid, true, clear_in_mapping, walk);
	sysgenid_memory_close(&walk->memory);
	if (error < 0)
		return error;
	if (walk->any_memory && walk->next < walk->end && !walk->error)
		walk->error = -EFAULT;
	return walk->error;
}

int sysgenid_areas_clear(pid_t pid, SysgenidRngArea *const *areas, size_t n)
{
	struct areas_walk walk = { .next = areas };
	pid_t inner;
	int error;

	if (!n || areas[0]->cleared)
		return 0;
	inner = sysgenid_inner_pid(pid);
	if (inner < 0)
		return sysgenid_is_gone(inner) ? 0 : inner;
	walk.next = areas + first_of((uint32_t)inner, areas, n);
	walk.end = areas + first_of((uint32_t)inner + 1, areas, n);
	if (walk.next == walk.end)
		return 0;
	error = clear_areas(pid, &walk);
	return sysgenid_is_gone(error) ? 0 : error;
}
