// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include <cleanup.h>

#include "log.h"
#include "raise.h"
#include "restore-files.h"

/* The flags that F_SETFL can set. The access mode and O_PATH are passed to open(). */
#define SETTABLE_FLAGS (O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK)

/* To be called before the node is opened: opening another device may have side effects. */
static int check_node(const char *path, const struct stat *stat, bool view,
		      const struct sysgenid_device *device)
{
	dev_t ours = view ? device->view : device->number;
	const char *what = view ? "the view of the counter" : "the counter";

	if (sysgenid_device_is(device, stat) && stat->st_rdev == ours)
		return 0;
	if (view && !ours)
		sysgenid_err("%s was a view of the counter, and the loaded module has none: load "
			     "the module of the same release as this plugin",
			     path);
	else if (!S_ISCHR(stat->st_mode))
		sysgenid_err("%s is not a device node any more: make it again in the restored "
			     "tree (mknod -m %s %s c %u %u)",
			     path, view ? "444" : "666", path, major(ours), minor(ours));
	else if (major(stat->st_rdev) != major(ours))
		sysgenid_err("%s is the device %u:%u, but %s is %u:%u here: make the node "
			     "again in the restored tree",
			     path, major(stat->st_rdev), minor(stat->st_rdev), what, major(ours),
			     minor(ours));
	else
		sysgenid_err("%s is the device %u:%u, but %s is %u:%u here: load the "
			     "module with %s=%u, or make the node again",
			     path, major(stat->st_rdev), minor(stat->st_rdev), what, major(ours),
			     minor(ours), view ? "view_minor" : "minor", minor(stat->st_rdev));
	return -ENXIO;
}

static int find_node(const char *path, struct stat *node, bool view,
		     const struct sysgenid_device *device)
{
	int error;

	if (!stat(path, node))
		return check_node(path, node, view, device);
	error = -errno;
	sysgenid_err("cannot find %s in the restored tree: %s. The container needs the device as "
		     "it had it when it was dumped",
		     path, strerror(-error));
	return error;
}

/*
 * The node that a restored task gets for a path, in *place. Not that of the hypervisor's VMClock,
 * in which nothing changes at a restore: the view of the counter takes its place.
 */
static int find_place(const char *path, const char **place, bool view, const SysgenidImage *image,
		      const struct sysgenid_device *device)
{
	struct stat node;

	*place = path;
	if (!view || !image->hypervisors_clock || !device->view)
		return find_node(path, &node, view, device);
	if (!stat(path, &node) && sysgenid_device_is_view(device, &node))
		return 0;
	*place = SYSGENID_VIEW_DEVICE;
	if (!stat(*place, &node) && sysgenid_device_is_view(device, &node))
		return 0;
	sysgenid_err("a task had the hypervisor's VMClock as %s, and nothing changes in that at a "
		     "restore. The view of the counter takes its place, and neither this path "
		     "nor " SYSGENID_VIEW_DEVICE " is the view in the restored tree: give the "
		     "container the view (a node with the number %u:%u, or CDI "
		     "sysgenid.dev/counter=vmclock)",
		     path, major(device->view), minor(device->view));
	return -ENXIO;
}

/* What was the node a moment ago may be a FIFO by now, which would be waited for. */
static int open_node(const char *path, int flags)
{
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	int error = errno;

	if (fd >= 0)
		return fd;
	if (error == EACCES || error == EPERM)
		sysgenid_err("cannot open %s: %s. It is opened with the rights of the restored "
			     "task in its own user namespace: give the node mode 666, on a mount "
			     "without nodev, and allow it in the container's device list",
			     path, strerror(error));
	else
		sysgenid_err("cannot open %s: %s", path, strerror(error));
	return -error;
}

/*
 * Marks the file outdated before it is tracked: a process that waits for all watchers must never
 * find the file up to date.
 */
static int give_state_back(int fd, const SysgenidFile *file)
{
	if (ioctl(fd, SYSGENID_MARK_OUTDATED, 0)) {
		sysgenid_err("cannot set %s outdated: %s. Is the loaded module of the same "
			     "release as this plugin?",
			     file->path, strerror(errno));
		return -errno;
	}
	/* Of an older module: the present one does not track a file that cannot acknowledge. */
	if (file->tracked && !file->view && (file->flags & O_ACCMODE) == O_RDONLY) {
		sysgenid_warn("%s is not tracked any more: it is open for reading only, so it "
			      "could never acknowledge",
			      file->path);
	} else if (file->tracked && ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1)) {
		sysgenid_err("cannot track %s: %s", file->path, strerror(errno));
		return -errno;
	}
	if (file->has_position && lseek(fd, (off_t)file->position, SEEK_SET) < 0) {
		sysgenid_err("cannot set the position of %s: %s", file->path, strerror(errno));
		return -errno;
	}
	if (fcntl(fd, F_SETFL, (int)file->flags & SETTABLE_FLAGS)) {
		sysgenid_err("cannot set the flags %#x of %s: %s", file->flags, file->path,
			     strerror(errno));
		return -errno;
	}
	return 0;
}

/* The path may lead elsewhere than before it was opened. */
static int check_opened(int fd, const char *path, bool view, const struct sysgenid_device *device)
{
	struct stat node;

	return fstat(fd, &node) ? -errno : check_node(path, &node, view, device);
}

static int raise_generation(const char *path, bool view, const SysgenidImage *image,
			    const struct sysgenid_device *device)
{
	cleanup_close int fd = open_node(path, O_RDONLY);
	int error = fd < 0 ? fd : check_opened(fd, path, view, device);

	return error ? error : sysgenid_raise(fd, view, image);
}

int sysgenid_file_restore(const SysgenidFile *file, const SysgenidImage *image,
			  const struct sysgenid_device *device)
{
	cleanup_close int fd = -1;
	const char *place;
	int error, result;

	error = find_place(file->path, &place, file->view, image, device);
	if (!error)
		error = raise_generation(place, file->view, image, device);
	if (error)
		return error;
	fd = open_node(place, (int)file->flags & (O_ACCMODE | O_PATH));
	if (fd < 0)
		return fd;
	error = check_opened(fd, place, file->view, device);
	if (!error && !(file->flags & O_PATH))
		error = give_state_back(fd, file);
	if (error)
		return error;
	sysgenid_info("restored %s, outdated, %stracked", place, file->tracked ? "" : "not ");
	result = fd;
	fd = -1;
	return result;
}

/* Had any task this kind of node mapped? */
static bool has_kind(const SysgenidImage *image, bool view)
{
	return view ? image->n_views : image->n_mappings > image->n_views || !image->n_mappings;
}

/*
 * Any path will do that leads to a node of the right kind: criu may have the mapping under another
 * path than the image. Returns 1 if the mapping is ours, 0 if not, or -errno after logging.
 */
static int find_mapped(const char *path, const char **place, bool *view, const SysgenidImage *image,
		       const struct sysgenid_device *device)
{
	enum sysgenid_node kind;
	struct stat node;
	int error;

	if (image && sysgenid_image_has_mapping(image, path)) {
		*view = sysgenid_image_has_view(image, path);
		error = find_place(path, place, *view, image, device);
		return error ? error : 1;
	}
	if (stat(path, &node))
		return 0;
	*place = path;
	kind = sysgenid_device_node(device, &node);
	*view = kind == SYSGENID_NODE_VIEW;
	if (kind == SYSGENID_NODE_HYPERVISORS && image && image->hypervisors_clock) {
		*view = true;
		error = find_place(path, place, true, image, device);
		return error ? error : 1;
	}
	return sysgenid_device_may_be(device, &node);
}

int sysgenid_mapping_check(const char *path, const SysgenidImage *image,
			   const struct sysgenid_device *device, int *fd)
{
	const char *place;
	bool view;
	int error, found = find_mapped(path, &place, &view, image, device);

	if (found <= 0)
		return found;
	if (image && !has_kind(image, view)) {
		sysgenid_err("%s is a node of another kind than the tasks had mapped: the "
			     "counter, and a view of it, are two devices",
			     path);
		return -ENXIO;
	}
	if (!image || !image->counter_required) {
		sysgenid_err(
			"a task had the counter mapped from %s, and there is "
			"no " SYSGENID_IMAGE_NAME
			" that says how far it had got: copy the image again from where the dump "
			"was made",
			path);
		return -ENODATA;
	}
	error = raise_generation(place, view, image, device);
	if (!error && strcmp(place, path)) {
		/* criu closes it. Of two mappings that follow each other criu may use one. */
		*fd = open_node(place, O_RDONLY);
		error = *fd < 0 ? *fd : check_opened(*fd, place, view, device);
	}
	return error ? error : 1;
}
