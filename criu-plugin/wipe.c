// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "log.h"
#include "maps.h"
#include "rng.h"
#include "tasks.h"
#include "wipe.h"

struct wipe_walk {
	pid_t inner; /* the task's number in its own PID namespace */
	SysgenidImage *image;
};

static int record_area(const struct sysgenid_vma *vma, void *argument)
{
	struct wipe_walk *walk = argument;

	/* Droppable memory has been cleared in the image itself. */
	if (!vma->wipe_on_fork || vma->droppable)
		return 0;
	return sysgenid_image_add_wipe_area(walk->image, walk->inner, vma->start, vma->end);
}

/* What cannot be found out of one task does not keep us from looking at the others. */
static int record_task(pid_t pid, void *argument)
{
	struct wipe_walk walk = { .image = argument, .inner = sysgenid_inner_pid(pid) };
	int error =
		walk.inner < 0 ? walk.inner : sysgenid_for_each_vma(pid, true, record_area, &walk);

	if (error)
		sysgenid_warn("cannot look for wipe-on-fork memory of task %d: %s", pid,
			      strerror(-error));
	return 0;
}

bool sysgenid_wipe_dump(SysgenidImage *image)
{
	size_t before = image->n_wipe_areas;
	int error = sysgenid_for_each_task(record_task, image);

	if (error)
		sysgenid_warn("cannot look for wipe-on-fork memory: %s", strerror(-error));
	sysgenid_debug("%zu areas of wipe-on-fork memory", image->n_wipe_areas - before);
	return image->n_wipe_areas != before;
}

void sysgenid_wipe_restore(pid_t pid, const SysgenidImage *image)
{
	int error = sysgenid_areas_clear(pid, image->wipe_areas, image->n_wipe_areas);

	if (error)
		sysgenid_warn("cannot clear the wipe-on-fork memory of task %d: %s", pid,
			      strerror(-error));
}
