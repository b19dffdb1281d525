// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "areas.h"
#include "config.h"
#include "log.h"
#include "maps.h"
#include "status.h"
#include "wipe.h"

struct wipe_walk {
	pid_t inner; /* the task's number in its own PID namespace */
	SysgenidImage *image;
};

static int record_area(const struct sysgenid_vma *vma, void *argument)
{
	struct wipe_walk *walk = argument;

	/* Droppable memory is cleared at the dump: see sysgenid_droppable_dump(). */
	if (!vma->wipe_on_fork || vma->droppable)
		return 0;
	return sysgenid_image_add_wipe_area(walk->image, walk->inner, vma->start, vma->end);
}

int sysgenid_wipe_dump(pid_t pid, SysgenidImage *image)
{
	struct wipe_walk walk = { .image = image, .inner = sysgenid_inner_pid(pid) };
	size_t before = image->n_wipe_areas;
	int error =
		walk.inner < 0 ? walk.inner : sysgenid_for_each_vma(pid, true, record_area, &walk);

	if (sysgenid_is_gone(error))
		return 0;
	if (error)
		sysgenid_err("cannot record the wipe-on-fork memory of task %d, as " SYSGENID_CONF
			     " asks with wipe-on-fork = yes: %s",
			     pid,
			     error == -E2BIG ? "the tasks have too many areas of it"
					     : strerror(-error));
	else
		sysgenid_debug("task %d: %zu areas of wipe-on-fork memory", pid,
			       image->n_wipe_areas - before);
	return error;
}

const char *sysgenid_wipe_restore(pid_t pid, const SysgenidImage *image)
{
	int error = sysgenid_areas_clear(pid, image->wipe_areas, image->n_wipe_areas);

	switch (error) {
	case 0:
		return NULL;
	case -EFAULT:
		return "the task has other memory where the image says that it has this, or none";
	case -EFBIG:
		return "it is too large; if lazy pages bring it, restore without them";
	case -EACCES:
		return "lazy pages bring it, and the task may not read it: restore without them";
	default:
		return strerror(-error);
	}
}
