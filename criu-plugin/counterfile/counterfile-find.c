// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds counter files by what the kernel says about a task's mounts, mappings and open files. Names
 * inside a container are not relied on, since a container may be hostile. File systems' servers are
 * not asked, since a server may be a task that is stopped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mounts.h>

#include <cleanup.h>
#include <counterfile-view.h>

#include "counterfile-find.h"
#include "fds.h"
#include "maps.h"
#include "namespace-mounts.h"

struct search {
	struct sysgenid_counterfiles *found;
	/*
	 * listed: found->files has all n_listed files of the registry. The first found->n of them
	 * are the files that the task has.
	 */
	bool listed;
	size_t n_listed;
	dev_t device; /* of the registry; no file of another device can be in the registry */
	struct sysgenid_registry_place place;
	uint64_t root;	/* the mount of the task's root */
	bool root_seen; /* among the mounts of the namespace */
};

/*
 * Compares the name in the registry; if name is NULL, the device and the inode number of the file
 * or of its view.
 */
static bool is_same(const struct sysgenid_counterfile *file, const char *name, dev_t device,
		    ino_t inode)
{
	char folder[sizeof(file->path)];
	int length;

	if (!name)
		return file->device == device && (file->inode == inode || file->view == inode);
	length = snprintf(folder, sizeof(folder), SYSGENID_REGISTRY "/%s/", name);
	return !strncmp(file->path, folder, (size_t)length);
}

/*
 * Adds the file to those that were found, if the registry has it. Returns 1 if it has, 0 or -errno.
 * The registry is read at the first call and not before: most tasks have no file that could be in
 * it.
 */
static int look_up(struct search *search, const char *name, dev_t device, ino_t inode)
{
	struct sysgenid_counterfiles *found = search->found;
	int error =
		search->listed ? 0 : sysgenid_counterfile_list(&found->files, &search->n_listed);

	if (error)
		return error;
	search->listed = true;
	for (size_t i = 0; i < search->n_listed; i++) {
		struct sysgenid_counterfile file = found->files[i];

		if (!is_same(&file, name, device, inode))
			continue;
		if (!name && inode == file.view)
			found->has_view = true;
		if (file.fault) {
			found->unusable = file;
		} else if (i >= found->n) {
			found->files[i] = found->files[found->n];
			found->files[found->n++] = file;
		}
		return 1;
	}
	return 0;
}

static bool has_end(const char *text, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length >= n && !memcmp(text + length - n, end, n);
}

/* Cuts the end off the text, which has this length. Returns whether the text has that end. */
static bool cut(const char *text, size_t *length, const char *end)
{
	if (!has_end(text, *length, end))
		return false;
	*length -= strlen(end);
	return true;
}

/* Is this the mount of a file of that name at its place below /dev? */
static bool is_given(const struct sysgenid_mount *mount, size_t length, const char *name,
		     const char *place)
{
	/* The root of a container that was not pivoted is a folder of its mount namespace. */
	return has_end(mount->root, length, name) &&
	       has_end(mount->point, strlen(mount->point), place);
}

/* Is this path that of a container's folder in a registry? */
static bool is_registrys_folder(const char *path, size_t length)
{
	static const char registry[] = SYSGENID_REGISTRY, run[] = "/run";

	while (length && path[length - 1] != '/')
		length--;
	if (!cut(path, &length, "/") || !cut(path, &length, registry + sizeof(run) - 1))
		return false;
	/* The file system may be mounted at /run; elsewhere /run is a folder of it. */
	return !length || cut(path, &length, run);
}

/*
 * Does a mount show a counter file of any registry? criu may see another registry than the one that
 * gave a container its file, or none; and the file may have left the registry since.
 */
static bool is_from_a_registry(const struct sysgenid_mount *mount)
{
	static const char file[] = "/" SYSGENID_REGISTRY_FILE, view[] = "/" SYSGENID_REGISTRY_VIEW;
	size_t length = strlen(mount->root);

	cut(mount->root, &length, "//deleted");
	if (is_given(mount, length, file, SYSGENID_DEVICE) ||
	    is_given(mount, length, view, SYSGENID_VIEW_AT))
		return true;
	/* A container may have the name of the file, and its folder may be mounted. */
	if (is_registrys_folder(mount->root, length))
		return true;
	return (cut(mount->root, &length, file) || cut(mount->root, &length, view)) &&
	       is_registrys_folder(mount->root, length);
}

static bool is_removed(const struct sysgenid_mount *mount)
{
	size_t length = strlen(mount->root);

	return cut(mount->root, &length, "//deleted");
}

static const char not_in_registry[] =
	SYSGENID_REGISTRY " does not have it here. If criu runs in a container of its own, mount "
			  "the host's folder there, at the same path. If an engine inside of the "
			  "container has made the file, let that engine checkpoint and restore";
static const char removed[] =
	"it was removed from " SYSGENID_REGISTRY
	". Start the container anew, with a counter file of its own (sysgenid-hook make)";

/* Of a mount whose file the registry does not have. */
static void look_at_other_mount(const struct sysgenid_mount *mount, bool named,
				struct sysgenid_counterfiles *found)
{
	if (sysgenid_own_is_mounted_by(mount)) {
		if (found->own == SYSGENID_OWN_NOT)
			found->own = SYSGENID_OWN_SEEN;
	} else if (named || is_from_a_registry(mount)) {
		snprintf(found->unusable.path, sizeof(found->unusable.path), "%s", mount->root);
		found->unusable.fault = is_removed(mount) ? removed : not_in_registry;
	}
}

static int look_at_mount(const struct sysgenid_mount *mount, void *argument)
{
	struct search *search = argument;
	char name[256];
	int result = 0;
	bool named;

	search->root_seen |= mount->id == search->root;
	if (!strcmp(mount->point, SYSGENID_DEVICE))
		search->found->covers_device = true;
	named = sysgenid_mounted_counter(mount, &search->place, name, sizeof(name));
	if (named)
		result = look_up(search, name, 0, 0);
	/* Without the registry's path the name may be wrong. */
	if (!result)
		look_at_other_mount(mount, named && search->place.path[0], search->found);
	return result < 0 ? result : 0;
}

static int find_mounted_inside(pid_t pid, struct search *search)
{
	cleanup_close int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* A zombie has no mount namespace: EINVAL. */
	if (fd < 0)
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	return sysgenid_for_each_mount(fd, look_at_mount, search);
}

/*
 * A task that has another root than its mount namespace may have kept a directory outside of that
 * root. criu without CAP_SYS_ADMIN cannot see what is there.
 */
static int find_mounted_outside(pid_t pid, const struct sysgenid_mounts_view *view,
				struct search *search)
{
	bool covers_device = search->found->covers_device;
	int error = sysgenid_for_each_mount_outside(pid, view, look_at_mount, search);

	search->found->covers_device = covers_device;
	return error == -EPERM ? 0 : error;
}

/*
 * What was found among the mounts of the last view. Most tasks of a container have the same view,
 * and all tasks are stopped.
 */
static struct {
	struct sysgenid_mounts_view view;
	struct sysgenid_counterfiles found;
	bool listed;
	size_t n_listed;
} last;

void sysgenid_counterfiles_forget(void)
{
	sysgenid_counterfiles_free(&last.found);
	last.found.files = NULL;
	last.listed = false;
	last.view.device = 0;
}

static int copy_found(const struct sysgenid_counterfiles *from, size_t n,
		      struct sysgenid_counterfiles *to)
{
	struct sysgenid_counterfile *files = NULL;

	if (n) {
		files = malloc(n * sizeof(*files));
		if (!files)
			return -ENOMEM;
		memcpy(files, from->files, n * sizeof(*files));
	}
	*to = *from;
	to->files = files;
	return 0;
}

static int remember(const struct sysgenid_mounts_view *view, const struct search *search)
{
	int error;

	sysgenid_counterfiles_forget();
	error = copy_found(search->found, search->n_listed, &last.found);
	if (error)
		return error;
	last.listed = search->listed;
	last.n_listed = search->n_listed;
	last.view = *view;
	return 0;
}

static int find_mounted(pid_t pid, struct sysgenid_mounts_view *view, struct search *search)
{
	int error = sysgenid_mounts_view_find_root(pid, view);

	if (error)
		return error;
	if (last.view.device && sysgenid_mounts_view_is_same(view, &last.view)) {
		search->listed = last.listed;
		search->n_listed = last.n_listed;
		return copy_found(&last.found, last.n_listed, search->found);
	}
	search->root = view->root_mount;
	error = find_mounted_inside(pid, search);
	/* A path also begins at a mount that was detached; such a mount is in no list of mounts. */
	if (!error && !(view->root_is_whole && search->root_seen))
		error = find_mounted_outside(pid, view, search);
	return error ? error : remember(view, search);
}

static const char own_view[] =
	"criu runs beside it in the container, and cannot raise a view. Let an engine outside of "
	"the container checkpoint and restore, or give the container the device";

static int look_at_file(struct search *search, dev_t device, ino_t inode)
{
	struct sysgenid_counterfiles *found = search->found;
	int result = 0;

	if (sysgenid_own_is(device, inode))
		found->own = SYSGENID_OWN_USED;
	/* Without a registry search->device is 0, which no file system has as its number. */
	if (device == search->device)
		result = look_up(search, NULL, device, inode);
	if (!result && sysgenid_own_view_is(device, inode)) {
		snprintf(found->unusable.path, sizeof(found->unusable.path), SYSGENID_VIEW_AT);
		found->unusable.fault = own_view;
	}
	return result < 0 ? result : 0;
}

static int look_at_mapping(const struct sysgenid_vma *vma, void *argument)
{
	return vma->inode ? look_at_file(argument, vma->device, vma->inode) : 0;
}

static int look_at_fd(const struct sysgenid_fd *file, void *argument)
{
	return look_at_file(argument, file->device, file->inode);
}

static int locate_registry(int fd, struct search *search)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return -errno;
	search->device = stat.st_dev;
	return sysgenid_registry_locate(fd, &search->place);
}

/*
 * Sets found->own. The file at criu's own /dev/sysgenid does not count if it is among the files
 * that were found: the host's criu can have the same file in its registry.
 */
static void finish_own(bool is_ours, struct sysgenid_counterfiles *found)
{
	for (size_t i = 0; i < found->n; i++)
		if (sysgenid_own_is(found->files[i].device, found->files[i].inode)) {
			found->own = SYSGENID_OWN_NOT;
			return;
		}
	if (is_ours && sysgenid_own_exists() && found->own != SYSGENID_OWN_USED)
		found->own = SYSGENID_OWN_SEEN;
}

/*
 * Without a registry no counter file can be found, but the mounts of another namespace are still
 * looked at: they show whether the task has one.
 */
static int find_in(pid_t pid, struct sysgenid_mounts_view *view, struct search *search)
{
	cleanup_directory DIR *registry = NULL;
	int error, in_use = sysgenid_counterfile_in_use(&registry);

	search->found->registry_failed = in_use < 0;
	if (in_use < 0)
		return in_use;
	if (!in_use && !sysgenid_own_any() && view->is_ours)
		return 0;
	error = registry ? locate_registry(dirfd(registry), search) : 0;
	if (!error)
		error = find_mounted(pid, view, search);
	if (error || (!in_use && !sysgenid_own_any()))
		return error;
	error = sysgenid_for_each_vma(pid, false, look_at_mapping, search);
	if (!error)
		error = sysgenid_for_each_fd(pid, look_at_fd, search);
	if (!error)
		finish_own(view->is_ours, search->found);
	return error;
}

int sysgenid_counterfiles_find(pid_t pid, struct sysgenid_counterfiles *found)
{
	struct sysgenid_mounts_view view;
	struct search search;
	int error;

	/* Not all of it: place has room for a path. */
	search.found = found;
	search.listed = search.root_seen = false;
	search.n_listed = 0;
	search.device = search.place.device = 0;
	search.place.path[0] = '\0';
	*found = (struct sysgenid_counterfiles){ 0 };
	error = sysgenid_mounts_view_find(pid, &view);
	return error ? error : find_in(pid, &view, &search);
}

void sysgenid_counterfiles_free(struct sysgenid_counterfiles *found)
{
	free(found->files);
}
