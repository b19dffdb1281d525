// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include "inspect.h"
#include "log.h"
#include "status.h"
#include "pidns.h"
#include "vrng.h"
#include "counterfile-find.h"

/*
 * Handles a failed inspection. Returns 0 if the task is gone, otherwise the error, after logging.
 */
static int fail(pid_t pid, const char *what, int error)
{
	if (sysgenid_is_gone(error))
		return 0;
	sysgenid_err("cannot find out %s task %d has: %s. It might use the counter, and a dump "
		     "that does not know that would be restored without a new generation",
		     what, pid, strerror(-error));
	return error;
}

/*
 * Finds the tasks' PID namespace. One task stands for all, since criu dumps no trees with several
 * PID namespaces. criu is in the same namespace if it runs inside a container.
 */
static int find_namespace(pid_t pid, struct sysgenid_findings *findings)
{
	int fd = sysgenid_pidns_open(pid);

	if (fd < 0)
		return fd;
	if (sysgenid_pidns_is_system(fd))
		close(fd);
	else
		findings->pid_namespace = fd;
	return 0;
}

static int inspect_namespace(pid_t pid, pid_t inner, SysgenidImage *image,
			     struct sysgenid_findings *findings)
{
	int error = findings->pid_namespace < 0 ? find_namespace(pid, findings) : 0;

	if (error)
		return fail(pid, "which PID namespace", error);
	if (findings->pid_namespace < 0)
		return 0;
	image->has_other_pid_namespace = true;
	image->other_pid_namespace = true;
	/*
	 * A restore makes a new PID namespace only for a tree with the namespace's first process.
	 */
	if (inner != 1)
		return 0;
	image->has_own_pid_namespace = true;
	image->own_pid_namespace = true;
	return 0;
}

static void raise_file_mark(SysgenidImage *image, uint32_t generation)
{
	if (!image->has_file_mark || image->file_mark < generation)
		image->file_mark = generation;
	image->has_file_mark = true;
}

static int store_file_task(pid_t inner, uint32_t generation, SysgenidImage *image)
{
	int error = sysgenid_image_add_file_task(image, inner);

	if (error && error != -EEXIST)
		return error;
	raise_file_mark(image, generation);
	return 0;
}

/*
 * Reads each file once in a dump, not for each task. All tasks are frozen, so the first value is as
 * good as the last; and the root of a container can make each open of its file wait for a lease.
 */
static int read_once(const struct sysgenid_counterfile *file, uint32_t *generation,
		     struct sysgenid_findings *findings)
{
	struct sysgenid_found_file *more = findings->files;
	int error;

	for (size_t i = 0; i < findings->n_files; i++) {
		*generation = more[i].generation;
		if (more[i].file.device == file->device && more[i].file.inode == file->inode)
			return 0;
	}
	error = sysgenid_counterfile_read(file, generation);
	if (error)
		return error;
	if (*generation > SYSGENID_MOST_MARK)
		sysgenid_warn("the counter file %s says %u: on another node only "
			      "follow-any-mark = yes in " SYSGENID_CONF " lets this be restored",
			      file->path, *generation);
	more = realloc(more, (findings->n_files + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	findings->files = more;
	more[findings->n_files].file = *file;
	more[findings->n_files++].generation = *generation;
	return 0;
}

static int keep_file(pid_t pid, pid_t inner, const struct sysgenid_counterfile *file,
		     SysgenidImage *image, struct sysgenid_findings *findings)
{
	uint32_t generation;
	int error = read_once(file, &generation, findings);

	if (!error)
		error = store_file_task(inner, generation, image);
	if (error)
		sysgenid_err("task %d has the counter file %s, which cannot be stored: "
			     "%s",
			     pid, file->path,
			     error == -ENOTTY ? "the file does not have a counter's layout"
					      : strerror(-error));
	else
		sysgenid_info("task %d has the counter file %s, generation %u", pid, file->path,
			      generation);
	return error;
}

static int keep_view(pid_t pid, pid_t inner, SysgenidImage *image)
{
	int error = sysgenid_image_add_view_task(image, inner);

	if (error == -EEXIST)
		return 0;
	if (error)
		sysgenid_err("task %d has the view of a counter file, and that cannot be stored: "
			     "%s",
			     pid, strerror(-error));
	return error;
}

/* Of a task that has the file at criu's own /dev/sysgenid. */
static int keep_own(pid_t pid, pid_t inner, enum sysgenid_own own, SysgenidImage *image)
{
	uint32_t generation = sysgenid_own_read();
	int error = 0;

	if (own == SYSGENID_OWN_USED)
		error = store_file_task(inner, generation, image);
	else
		raise_file_mark(image, generation);
	if (error)
		sysgenid_err("task %d has criu's own counter file " SYSGENID_DEVICE
			     ", and that cannot be stored: %s",
			     pid, strerror(-error));
	else
		sysgenid_info("task %d %s criu's own counter file " SYSGENID_DEVICE
			      ", generation %u",
			      pid, own == SYSGENID_OWN_USED ? "has" : "could open", generation);
	return error;
}

static int refuse_unusable(pid_t pid, const struct sysgenid_counterfile *file)
{
	sysgenid_err("task %d has the counter file %s, which no restore could raise: %s", pid,
		     file->path, file->fault);
	return -ENXIO;
}

static int inspect_files(pid_t pid, pid_t inner, SysgenidImage *image,
			 struct sysgenid_findings *findings)
{
	struct sysgenid_counterfiles found;
	int error = sysgenid_counterfiles_find(pid, &found);

	if (error && found.registry_failed)
		sysgenid_err("cannot look into " SYSGENID_REGISTRY ": %s", strerror(-error));
	else if (error)
		error = fail(pid, "which counter files", error);
	else if (found.unusable.fault)
		error = refuse_unusable(pid, &found.unusable);
	for (size_t i = 0; !error && i < found.n; i++)
		error = keep_file(pid, inner, &found.files[i], image, findings);
	if (!error && found.has_view)
		error = keep_view(pid, inner, image);
	if (!error && found.own != SYSGENID_OWN_NOT)
		error = keep_own(pid, inner, found.own, image);
	if (findings->own < found.own)
		findings->own = found.own;
	sysgenid_counterfiles_free(&found);
	return error;
}

static int inspect_vrng(pid_t pid, struct sysgenid_findings *findings)
{
	int result = sysgenid_vrng_used(pid);

	if (result < 0)
		return fail(pid, "which mappings and open files", result);
	if (!result)
		return 0;
	findings->system_wide = true;
	sysgenid_info("task %d has the system's counter from " SYSGENID_VRNG_DIRECTORY, pid);
	return 0;
}

int sysgenid_inspect(pid_t pid, SysgenidImage *image, struct sysgenid_findings *findings)
{
	pid_t inner = sysgenid_inner_pid(pid);
	int error;

	if (inner < 0)
		return fail(pid, "which number in its PID namespace", inner);
	error = inspect_namespace(pid, inner, image, findings);
	if (!error && !findings->system_wide)
		error = inspect_vrng(pid, findings);
	return error ? error : inspect_files(pid, inner, image, findings);
}

bool sysgenid_findings_have_file(const struct sysgenid_findings *findings)
{
	return findings->n_files || findings->own == SYSGENID_OWN_USED;
}

void sysgenid_findings_free(struct sysgenid_findings *findings)
{
	free(findings->files);
	findings->files = NULL;
	findings->n_files = 0;
}
