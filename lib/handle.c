// SPDX-License-Identifier: LGPL-2.1-or-later
/* The counter: open, close, acknowledge, track. */
#define _GNU_SOURCE
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cleanup.h>
#include <counterfile-page.h>

struct private_handle {
	struct sysgenid public; /* first: this is what callers hold */
	size_t page_size;
	enum sysgenid_source source;
	dev_t device; /* of a device */
	char path[];
};

static const char *device_path(const char *path)
{
	if (path)
		return path;
	/* The user of a set-user-ID program must not choose its counter. */
	path = secure_getenv("SYSGENID_PATH");
	return path && *path ? path : SYSGENID_DEVICE;
}

static int open_device(const char *path, int access)
{
	int fd = counterfile_open(AT_FDCWD, path, access);

	/*
	 * A device cgroup refuses with EPERM. Return -EACCES instead: sysgenid_explain() takes
	 * -EPERM for a refused trigger and names capabilities.
	 */
	return fd == -EPERM ? -EACCES : fd;
}

/*
 * Returns whether @fd is the counter. Untracking an untracked file shows that and changes nothing.
 */
static int probe_device(int fd, dev_t *device)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISCHR(status.st_mode))
		return -ENOTTY;
	if (ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 0UL) < 0)
		return errno == EINVAL ? -ENOTTY : -errno;
	*device = status.st_rdev;
	return 0;
}

static int map_page(struct private_handle *handle, int fd)
{
	void *page = mmap(NULL, handle->page_size, PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return -errno;
	handle->public.page = page;
	return 0;
}

/* Older modules have no second page (EINVAL); then there is only the first to look at. */
static int map_vmclock(struct private_handle *handle, int fd)
{
	void *page = mmap(NULL, handle->page_size, PROT_READ, MAP_SHARED, fd,
			  (off_t)(SYSGENID_MAP_VMCLOCK * handle->page_size));

	if (page == MAP_FAILED)
		return errno == EINVAL ? 0 : -errno;
	handle->public.vmclock = page;
	return 0;
}

static void unmap(struct private_handle *handle)
{
	if (handle->public.page)
		munmap((void *)handle->public.page, handle->page_size);
	if (handle->public.vmclock)
		munmap((void *)handle->public.vmclock, handle->page_size);
}

/* Takes over the descriptor if it is to stay open. */
static int finish_open(struct private_handle *new, int *fd, bool map_only)
{
	int ret = new->source == SYSGENID_SOURCE_FILE ? counterfile_check(*fd)
						      : probe_device(*fd, &new->device);

	if (!ret)
		ret = map_page(new, *fd);
	if (!ret && new->source == SYSGENID_SOURCE_DEVICE)
		ret = map_vmclock(new, *fd);
	if (ret < 0)
		return ret;
	if (map_only)
		new->public.fd = -1;
	else if (new->source == SYSGENID_SOURCE_FILE)
		new->public.fd = SYSGENID_FD_FILE;
	else
		new->public.fd = sysgenid_steal_fd(fd);
	return 0;
}

int sysgenid_open(struct sysgenid **handle, const char *path, unsigned int flags)
{
	const bool map_only = flags & SYSGENID_OPEN_MAP_ONLY;
	struct private_handle *new;
	struct stat status;
	cleanup_close int fd = -1;
	int ret;

	*handle = NULL;
	if (flags & ~SYSGENID_OPEN_MAP_ONLY)
		return -EINVAL;
	path = device_path(path);
	/* Check before opening: opening another kind of file may fail with a misleading error. */
	if (stat(path, &status) < 0)
		return -errno;
	if (!S_ISCHR(status.st_mode) && !S_ISREG(status.st_mode))
		return -ENOTTY;
	fd = open_device(path, map_only || S_ISREG(status.st_mode) ? O_RDONLY : O_RDWR);
	if (fd < 0)
		return fd;
	new = calloc(1, sizeof(*new) + strlen(path) + 1);
	if (!new)
		return -ENOMEM;
	strcpy(new->path, path);
	new->page_size = (size_t)sysconf(_SC_PAGESIZE);
	new->source = S_ISREG(status.st_mode) ? SYSGENID_SOURCE_FILE : SYSGENID_SOURCE_DEVICE;
	ret = finish_open(new, &fd, map_only);
	if (ret < 0) {
		unmap(new);
		free(new);
		return ret;
	}
	*handle = &new->public;
	return 0;
}

void sysgenid_close(struct sysgenid *handle)
{
	struct private_handle *private = (struct private_handle *)handle;

	if (!handle)
		return;
	unmap(private);
	if (handle->fd >= 0)
		close(handle->fd);
	free(private);
}

enum sysgenid_source sysgenid_source(const struct sysgenid *handle)
{
	return ((const struct private_handle *)handle)->source;
}

int sysgenid_reopen(const struct sysgenid *handle)
{
	const struct private_handle *private = (const struct private_handle *)handle;
	char link[sizeof("/proc/thread-self/fd/") + 3 * sizeof(int)];
	struct stat status;
	cleanup_close int fd = -1;

	/* Try the descriptor first: the path may lead elsewhere by now (chroot, mounts). */
	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", handle->fd);
	fd = open_device(link, O_RDONLY);
	if (fd == -ENOENT)
		fd = open_device(private->path, O_RDONLY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISCHR(status.st_mode) || status.st_rdev != private->device)
		return -ENOTTY;
	return sysgenid_steal_fd(&fd);
}

int sysgenid_acknowledge(struct sysgenid *handle, uint32_t generation)
{
	ssize_t written;

	/* Nobody waits for a counter file's watchers. */
	if (handle->fd == SYSGENID_FD_FILE)
		return generation == sysgenid_generation(handle) ? 0 : -ESTALE;
	written = write(handle->fd, &generation, sizeof(generation));
	if (written < 0)
		return errno == EINVAL ? -ESTALE : -errno;
	return written == sizeof(generation) ? 0 : -EIO;
}

int sysgenid_track(struct sysgenid *handle, bool on)
{
	if (handle->fd == SYSGENID_FD_FILE)
		return -EOPNOTSUPP;
	return ioctl(handle->fd, SYSGENID_SET_WATCHER_TRACKING, on ? 1UL : 0UL) < 0 ? -errno : 0;
}
