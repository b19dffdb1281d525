// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include <cleanup.h>
#include <counterfile-page.h>
#include <counterfile-view.h>

#include "counterfile-own.h"
#include "counterfile-registry.h"

static struct {
	struct sysgenid_page *page; /* NULL: there is no file */
	bool writable;
	dev_t device;
	ino_t inode;
	struct sysgenid_registry_place *place; /* allocated: few restores need its 4 kB */
} own;

static struct {
	dev_t device;
	ino_t inode; /* 0: there is none */
} own_view;

static bool is_no_right(int error)
{
	return error == -EROFS || error == -EACCES || error == -EPERM;
}

/* Does not open the driver's node, which would make this process a watcher. */
static int is_regular(const char *path, struct stat *at)
{
	if (stat(path, at))
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	return S_ISREG(at->st_mode);
}

static int map(bool writable)
{
	cleanup_close int fd =
		counterfile_open(AT_FDCWD, SYSGENID_DEVICE, writable ? O_RDWR : O_RDONLY);
	struct sysgenid_page *page;
	struct stat stat;
	int error = fd < 0 ? fd : counterfile_map(fd, writable, &page);

	if (error)
		return error;
	own.place = malloc(sizeof(*own.place));
	if (!own.place)
		error = -ENOMEM;
	else
		error = fstat(fd, &stat) ? -errno : sysgenid_registry_locate(fd, own.place);
	if (error) {
		free(own.place);
		counterfile_unmap(page);
		return error;
	}
	own.page = page;
	own.writable = writable;
	own.device = stat.st_dev;
	own.inode = stat.st_ino;
	return 0;
}

/* Any regular file there: no task may go on with what may be a view that was not raised. */
static int look_at_view(void)
{
	struct stat at;
	int result = is_regular(SYSGENID_VIEW_AT, &at);

	if (result <= 0)
		return result;
	own_view.device = at.st_dev;
	own_view.inode = at.st_ino;
	return 0;
}

int sysgenid_own_open(void)
{
	struct stat at;
	int result = is_regular(SYSGENID_DEVICE, &at), error;

	sysgenid_own_close();
	error = look_at_view();
	if (result <= 0 || error)
		return result < 0 ? result : error;
	result = map(true);
	if (is_no_right(result))
		result = map(false);
	/*
	 * -ENOTTY: the file is not a counter file. If criu has no right to read the file, no task
	 * has it mapped or open.
	 */
	return result == -ENOTTY || is_no_right(result) ? 0 : result;
}

void sysgenid_own_close(void)
{
	own_view.inode = 0;
	if (!own.page)
		return;
	counterfile_unmap(own.page);
	own.page = NULL;
	free(own.place);
}

bool sysgenid_own_exists(void)
{
	return own.page;
}

bool sysgenid_own_is(dev_t device, ino_t inode)
{
	return own.page && own.device == device && own.inode == inode;
}

bool sysgenid_own_view_is(dev_t device, ino_t inode)
{
	return own_view.inode && own_view.device == device && own_view.inode == inode;
}

bool sysgenid_own_any(void)
{
	return own.page || own_view.inode;
}

bool sysgenid_own_is_mounted_by(const struct sysgenid_mount *mount)
{
	size_t length = strlen(mount->root);

	/* A path that is not known is "", which no mount has. The file's folder may be mounted. */
	return own.page && own.place->device == mount->device &&
	       !strncmp(own.place->path, mount->root, length) &&
	       (!own.place->path[length] ||
		!strcmp(own.place->path + length, "/" SYSGENID_REGISTRY_FILE)) &&
	       length;
}

uint32_t sysgenid_own_read(void)
{
	return __atomic_load_n(&own.page->generation, __ATOMIC_ACQUIRE);
}

bool sysgenid_own_has_moved(uint32_t mark)
{
	uint32_t generation;

	if (own.page->flags & SYSGENID_PAGE_F_RNG && !counterfile_is_reseeded(own.page))
		return false;
	return counterfile_restored(own.page, &generation) > mark;
}

int sysgenid_own_raise(uint32_t mark, unsigned int how, uint32_t *generation)
{
	*generation = sysgenid_own_read();
	if (!own.writable)
		return -EROFS;
	if (!sysgenid_may_follow(own.page, mark, how))
		return -EDOM;
	*generation = counterfile_raise(own.page, mark + 1);
	if (how & SYSGENID_RAISE_RESEEDED)
		counterfile_reseeded(own.page, *generation);
	return 0;
}

int sysgenid_own_resume(unsigned int how, uint32_t *generation)
{
	bool reseeded;

	*generation = sysgenid_own_read();
	if (!own.writable)
		return -EROFS;
	/* As in sysgenid_counterfile_resume(). */
	reseeded = counterfile_is_reseeded(own.page) || how & SYSGENID_RAISE_RESEEDED;
	*generation = counterfile_resume(own.page);
	if (reseeded)
		counterfile_reseeded(own.page, *generation);
	return 0;
}
