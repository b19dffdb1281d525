// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "refuse.h"
#include "status.h"
#include "counterfile-find.h"
#include "counterfile-raise.h"

/* Files that this restore has raised; there are few, since each belongs to a container. */
static struct {
	dev_t device;
	ino_t inode;
} * raised;
static size_t n_raised;

static bool is_raised(const struct sysgenid_counterfile *file)
{
	for (size_t i = 0; i < n_raised; i++)
		if (raised[i].device == file->device && raised[i].inode == file->inode)
			return true;
	return false;
}

static int remember(const struct sysgenid_counterfile *file)
{
	void *more = realloc(raised, (n_raised + 1) * sizeof(*raised));

	if (!more)
		return -ENOMEM;
	raised = more;
	raised[n_raised].device = file->device;
	raised[n_raised++].inode = file->inode;
	return 0;
}

/*
 * The highest generation that the tasks may have seen: in the file, or in a device that the file
 * replaces.
 */
static uint32_t mark_of(const SysgenidImage *image)
{
	uint32_t mark = image->has_file_mark ? image->file_mark : 0;

	return image->has_mark && image->mark > mark ? image->mark : mark;
}

static int raise_file(pid_t pid, const struct sysgenid_counterfile *file,
		      const SysgenidImage *image, bool reseeded)
{
	uint32_t generation;
	int error;

	if (is_raised(file))
		return 0;
	if (!image) {
		sysgenid_refuse(
			pid,
			"task %d has the counter file %s, and there is "
			"no " SYSGENID_IMAGE_NAME " that says how far it had got: copy the image "
			"again from where the dump was made, or make it where this plugin is",
			pid, file->path);
		return -ENODATA;
	}
	error = mark_of(image) == UINT32_MAX ? -ERANGE : remember(file);
	if (!error)
		error = sysgenid_counterfile_raise(file, mark_of(image), reseeded, &generation);
	if (error)
		sysgenid_refuse(pid, "cannot raise the generation in the file %s of task %d: %s",
				file->path, pid,
				error == -ENOTTY ? "it is no page of a counter" : strerror(-error));
	else
		sysgenid_info("generation %u in the file %s", generation, file->path);
	return error;
}

/* Refuses a task that had a counter file when it was dumped and has none now. */
static int log_lost(pid_t pid, const struct sysgenid_counterfiles *found)
{
	sysgenid_refuse(
		pid,
		"task %d had a counter file when it was dumped, and has none now; at "
		"/dev/sysgenid %s is mounted: the container needs a file from " SYSGENID_REGISTRY,
		pid, found->covers_device ? "a file that is none of this machine's" : "nothing");
	return -ENXIO;
}

static int raise_files(pid_t pid, bool needed, const SysgenidImage *image, bool reseeded)
{
	struct sysgenid_counterfiles found;
	int error = sysgenid_counterfiles_find(pid, &found);

	/* A task without a root directory is dead, as it was in the image. */
	if (error == -ESRCH && !needed)
		error = 0;
	else if (error)
		sysgenid_refuse(pid, "cannot find out whether task %d has a counter file: %s", pid,
				strerror(-error));
	else if (needed && !found.n)
		error = log_lost(pid, &found);
	for (size_t i = 0; !error && i < found.n; i++)
		error = raise_file(pid, &found.files[i], image, reseeded);
	sysgenid_counterfiles_free(&found);
	return error;
}

int sysgenid_counterfiles_raise(pid_t pid, const SysgenidImage *image, bool reseeded)
{
	int inner, in_use = sysgenid_counterfile_in_use();

	if (in_use < 0) {
		sysgenid_refuse(pid, "cannot look into " SYSGENID_REGISTRY ": %s",
				strerror(-in_use));
		return in_use;
	}
	if (!in_use && (!image || !image->n_file_tasks))
		return 0;
	inner = sysgenid_inner_pid(pid);
	if (sysgenid_is_gone(inner))
		return 0;
	if (inner < 0) {
		sysgenid_refuse(pid,
				"cannot find out which number task %d has in its PID namespace: %s",
				pid, strerror(-inner));
		return inner;
	}
	return raise_files(pid, image && sysgenid_image_has_file_task(image, inner), image,
			   reseeded);
}
