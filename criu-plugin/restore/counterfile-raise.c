// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/sysgenid.h>

#include <counterfile-view.h>

#include "log.h"
#include "refuse.h"
#include "status.h"
#include "counterfile-find.h"
#include "counterfile-raise.h"

/* Bits: what a task had when it was dumped. */
#define FILE_TASK 1
#define VIEW_TASK 2

/* Counter files that this restore has raised. The list is short: each container has one file. */
static struct {
	dev_t device;
	ino_t inode;
} * raised;
static size_t n_raised;
/*
 * own_moved: the file at criu's own /dev/sysgenid has moved for this restore. own_told: the result
 * of the first attempt has been logged.
 */
static bool own_moved, own_told;

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
 * Returns the highest generation that the tasks may have seen: in the counter file, or in the
 * device that the file replaces here.
 */
static uint32_t mark_of(const SysgenidImage *image)
{
	uint32_t mark = image->has_file_mark ? image->file_mark : 0;

	return image->has_mark && image->mark > mark ? image->mark : mark;
}

static void refuse_without_image(pid_t pid, const char *path)
{
	sysgenid_refuse(pid,
			"task %d has the counter file %s, and there is "
			"no " SYSGENID_IMAGE_NAME " that says how far it had got: copy the image "
			"again from where the dump was made, or make it where this plugin is",
			pid, path);
}

static const char *reason(int error)
{
	if (error == -ENOTTY)
		return "it does not have a counter's layout";
	if (error == -EDOM)
		return "the image's mark is absurdly far above it. The image may be forged, or its "
		       "container has driven a counter there. To restore it anyway, set "
		       "follow-any-mark = yes in " SYSGENID_CONF;
	return strerror(-error);
}

static int raise_file(pid_t pid, const struct sysgenid_counterfile *file,
		      const SysgenidImage *image, unsigned int how)
{
	uint32_t generation;
	int error;

	if (is_raised(file))
		return 0;
	if (!image) {
		refuse_without_image(pid, file->path);
		return -ENODATA;
	}
	error = mark_of(image) == UINT32_MAX ? -ERANGE : remember(file);
	if (!error)
		error = sysgenid_counterfile_raise(file, mark_of(image), how, &generation);
	if (error)
		sysgenid_refuse(pid, "cannot raise the generation in the file %s of task %d: %s",
				file->path, pid, reason(error));
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

/*
 * Refuses a task that had the view of a counter file mapped or open when it was dumped, and has
 * something else there now. It may have a good counter file besides.
 */
static int refuse_other_view(pid_t pid)
{
	sysgenid_refuse(pid,
			"task %d had the view of a counter file mapped or open when it was dumped, "
			"and that is none of this machine's now: the container needs the file "
			"'" SYSGENID_REGISTRY_VIEW "' from " SYSGENID_REGISTRY
			" at " SYSGENID_VIEW_AT,
			pid);
	return -ENXIO;
}

static int refuse_unusable(pid_t pid, const struct sysgenid_counterfile *file)
{
	sysgenid_refuse(pid, "task %d has the counter file %s, which cannot be raised: %s", pid,
			file->path, file->fault);
	return -ENXIO;
}

static void refuse_own(pid_t pid, uint32_t generation, int error)
{
	if (error == -EROFS)
		sysgenid_refuse(
			pid,
			"task %d has the counter file " SYSGENID_DEVICE ", which "
			"says %u and has begun no generation for a restore since the tasks "
			"were dumped, and criu here has no right to write it: run 'sysgenid "
			"trigger' on the host of this container before each restore, or "
			"give the container the device",
			pid, generation);
	else
		sysgenid_refuse(pid,
				"cannot raise the generation in the counter file " SYSGENID_DEVICE
				": %s",
				reason(error));
}

/*
 * Raises the file at criu's own /dev/sysgenid. If criu runs in a container, the file is the host's,
 * and criu may have no right to write it; then it is enough that the host has raised the file since
 * the dump, and not for a resume. needed: the task must not run on an old generation, because it
 * has or had the file mapped or open, or because of strict = yes.
 */
static int raise_own(pid_t pid, bool needed, const SysgenidImage *image, unsigned int how)
{
	uint32_t generation = 0, mark = image ? mark_of(image) : 0;
	int error;

	if (own_moved)
		return 0;
	if (needed && !image) {
		refuse_without_image(pid, SYSGENID_DEVICE);
		return -ENODATA;
	}
	error = mark == UINT32_MAX ? -ERANGE : sysgenid_own_raise(mark, how, &generation);
	if (error == -EROFS && image && sysgenid_own_has_moved(mark))
		error = 0;
	/* The task may open the file later: better a new number below the mark than none. */
	if ((error == -EDOM || error == -ERANGE) && !needed)
		error = sysgenid_own_raise(0, how, &generation);
	own_moved = !error;
	if (!error)
		sysgenid_info("generation %u in criu's own counter file " SYSGENID_DEVICE,
			      generation);
	else if (needed)
		refuse_own(pid, generation, error);
	else if (!own_told)
		sysgenid_warn(
			"criu here cannot raise the generation in the counter file " SYSGENID_DEVICE
			", and no restored process has it mapped or open; a process that opens "
			"it now may take itself for the one that was dumped");
	own_told = true;
	return needed ? error : 0;
}

/* had: FILE_TASK and VIEW_TASK, of the dump. */
static int raise_files(pid_t pid, int had, const SysgenidImage *image, unsigned int how,
		       bool strict)
{
	const bool needed = had;
	struct sysgenid_counterfiles found;
	int error = sysgenid_counterfiles_find(pid, &found);

	/* -ESRCH: the task is dead, as it was in the image, and needs nothing. */
	if (error == -ESRCH && !needed && !found.registry_failed)
		error = 0;
	else if (error && found.registry_failed)
		sysgenid_refuse(pid, "cannot look into " SYSGENID_REGISTRY ": %s",
				strerror(-error));
	else if (error)
		sysgenid_refuse(pid, "cannot find out whether task %d has a counter file: %s", pid,
				strerror(-error));
	else if (found.unusable.fault)
		error = refuse_unusable(pid, &found.unusable);
	else if (had & VIEW_TASK && !found.has_view)
		error = refuse_other_view(pid);
	else if (needed && !found.n && !found.own)
		error = log_lost(pid, &found);
	for (size_t i = 0; !error && i < found.n; i++)
		error = raise_file(pid, &found.files[i], image, how);
	if (!error && found.own)
		error = raise_own(pid, needed || strict || found.own == SYSGENID_OWN_USED, image,
				  how);
	sysgenid_counterfiles_free(&found);
	return error;
}

int sysgenid_counterfiles_prepare(void)
{
	int error = sysgenid_own_open();

	n_raised = 0;
	own_moved = own_told = false;
	if (error)
		sysgenid_err("cannot look at " SYSGENID_DEVICE ": %s", strerror(-error));
	return error;
}

/*
 * Did the task have a counter file when it was dumped, and the view of one mapped or open? Returns
 * FILE_TASK and VIEW_TASK, 0 or -errno. The number of a task costs its whole /proc/PID/status, so
 * few restores ask for it.
 */
static int had_file(pid_t pid, const SysgenidImage *image)
{
	int inner;

	if (!image || !image->n_file_tasks)
		return 0;
	inner = sysgenid_inner_pid(pid);
	if (inner < 0)
		return inner;
	return (sysgenid_image_has_file_task(image, inner) ? FILE_TASK : 0) |
	       (sysgenid_image_has_view_task(image, inner) ? VIEW_TASK : 0);
}

int sysgenid_counterfiles_raise(pid_t pid, const SysgenidImage *image, unsigned int how,
				bool strict)
{
	int had = had_file(pid, image);

	if (sysgenid_is_gone(had))
		return 0;
	if (had < 0) {
		sysgenid_refuse(pid,
				"cannot find out which number task %d has in its PID namespace: %s",
				pid, strerror(-had));
		return had;
	}
	return raise_files(pid, had, image, how, strict);
}
