// SPDX-License-Identifier: GPL-2.0-only
/*
 * A container is hostile, and so are its file systems: nothing here follows its links or asks a server of its own.
 * What a task has mapped is the kernel's word, which no container can forge.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "maps.h"
#include "util.h"
#include "counterfile-find.h"

struct search {
	struct sysgenid_counterfiles *found;
	/* Those of the registry, once they are needed: first those found, then the others. */
	bool listed;
	size_t n_listed;
	dev_t device; /* of the registry; files of others are not looked up in it */
};

/* Most tasks have nothing that is worth a look into the registry. */
static int look_up(struct search *search, dev_t device, ino_t inode)
{
	struct sysgenid_counterfiles *found = search->found;
	int error =
		search->listed ? 0 : sysgenid_counterfile_list(&found->files, &search->n_listed);

	if (error)
		return error;
	search->listed = true;
	for (size_t i = found->n; i < search->n_listed; i++) {
		struct sysgenid_counterfile file = found->files[i];

		if (file.device != device || file.inode != inode)
			continue;
		found->files[i] = found->files[found->n];
		found->files[found->n++] = file;
		break;
	}
	return 0;
}

/* The path inside the task's root; its links lead nowhere, so they cannot lead out of it. */
static int open_inside(pid_t pid)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int root = -1;
	char path[64];
	long fd;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno == -ENOENT ? -ESRCH : -errno;
	fd = syscall(SYS_openat2, root, "dev/sysgenid", &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

static int find_at_path(pid_t pid, struct search *search)
{
	cleanup_close int fd = open_inside(pid);
	struct stat stat;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	search->found->at_path = SYSGENID_COUNTERPATH_OTHER;
	/* A link on the way. */
	if (fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fd;
	if (fstat(fd, &stat))
		return -errno;
	if (S_ISCHR(stat.st_mode))
		search->found->at_path = SYSGENID_COUNTERPATH_DEVICE;
	return S_ISREG(stat.st_mode) ? look_up(search, stat.st_dev, stat.st_ino) : 0;
}

static int look_at_mapping(const struct sysgenid_vma *vma, void *argument)
{
	struct search *search = argument;

	return vma->inode && vma->device == search->device
		       ? look_up(search, vma->device, vma->inode)
		       : 0;
}

static int find_open(pid_t pid, struct search *search)
{
	cleanup_directory DIR *directory = NULL;
	const struct dirent *entry;
	struct statx file;
	int error = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!error && (entry = readdir(directory))) {
		/* No server is asked: it may be one of the tasks that are stopped. */
		if (entry->d_name[0] == '.' ||
		    statx(dirfd(directory), entry->d_name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
			  STATX_TYPE | STATX_INO, &file) ||
		    !S_ISREG(file.stx_mode) ||
		    makedev(file.stx_dev_major, file.stx_dev_minor) != search->device)
			continue;
		error = look_up(search, search->device, file.stx_ino);
	}
	return error;
}

int sysgenid_counterfiles_find(pid_t pid, struct sysgenid_counterfiles *found)
{
	struct search search = { .found = found };
	struct stat registry;
	int error;

	*found = (struct sysgenid_counterfiles){ .at_path = SYSGENID_COUNTERPATH_NONE };
	error = find_at_path(pid, &search);
	if (error)
		return error;
	if (stat(SYSGENID_REGISTRY, &registry))
		return errno == ENOENT ? 0 : -errno;
	search.device = registry.st_dev;
	error = sysgenid_for_each_vma(pid, false, look_at_mapping, &search);
	return error ? error : find_open(pid, &search);
}

void sysgenid_counterfiles_free(struct sysgenid_counterfiles *found)
{
	free(found->files);
}
