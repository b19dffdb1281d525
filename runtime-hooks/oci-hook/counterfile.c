// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counter files, for nodes without the module: SYSGENID_REGISTRY/ID/counter, one page of the
 * device's layout, and beside it the view of each, a page of VMClock's. Only root may write them;
 * containers see them by a read-only bind mount, and the criu plugin writes them in place.
 */
#define _GNU_SOURCE
#include "counterfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include <linux/sysgenid.h>

#include <cleanup.h>
#include <counterfile-view.h>

#include "hook.h"
#include "input.h"
#include "mounted.h"

#define START_MAX 0x3fffffffu /* far from the end of the numbers */
#define STALE_SECONDS 3600    /* a container may be on its way to being started */
#define KEPT "kept"

/*
 * Only root may be able to change the folder's content. The folder may exist already, and anybody
 * may have made it.
 */
static bool is_ours(int folder)
{
	struct stat stat;

	return !fstat(folder, &stat) && stat.st_uid == geteuid() &&
	       !(stat.st_mode & (S_IWGRP | S_IWOTH));
}

static int open_folder(int parent, const char *name)
{
	int fd;

	if (mkdirat(parent, name, 0755) && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Opens one folder after the other, and makes those that do not exist. */
static int open_registry(void)
{
	cleanup_free char *path = strdup(SYSGENID_REGISTRY);
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *rest = path, *part;

	while (path && fd >= 0 && (part = strsep(&rest, "/"))) {
		int parent = fd;

		if (!*part)
			continue;
		fd = open_folder(parent, part);
		close(parent);
	}
	if (fd >= 0 && !is_ours(fd)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

/* A file of the folder, and what checks it. */
struct leaf {
	const char *name;
	int (*check)(int fd);
};

static const struct leaf counter = { SYSGENID_REGISTRY_FILE, counterfile_check };
static const struct leaf view = { SYSGENID_REGISTRY_VIEW, counterfile_view_check };

static int check_leaf(int folder, const struct leaf *leaf)
{
	cleanup_close int fd = counterfile_open(folder, leaf->name, O_RDONLY | O_NOFOLLOW);

	return fd < 0 ? fd : leaf->check(fd);
}

/*
 * The file gets its name when it is complete, so that nobody sees an incomplete file. A second
 * process that makes the same file finds the first one's.
 */
static int make_leaf(int folder, const struct leaf *leaf, const void *content, size_t size)
{
	cleanup_close int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	char link[64];

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sysconf(_SC_PAGESIZE)))
		return -errno;
	if (pwrite(fd, content, size, 0) != (ssize_t)size)
		return -EIO;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, link, folder, leaf->name, AT_SYMLINK_FOLLOW))
		return errno == EEXIST ? check_leaf(folder, leaf) : -errno;
	return 0;
}

static int make_counter(int folder)
{
	struct sysgenid_page page = {
		.magic = SYSGENID_PAGE_MAGIC,
		.version = SYSGENID_PAGE_VERSION,
		.flags = SYSGENID_PAGE_F_RNG | SYSGENID_PAGE_F_INCARNATION,
	};

	/*
	 * Start where no counter of another machine or of an earlier boot is likely to be, and
	 * never at 0.
	 */
	if (getrandom(&page.generation, sizeof(page.generation), 0) != sizeof(page.generation))
		return -errno;
	page.generation = (page.generation & START_MAX) | 1;
	page.rng_generation = page.generation;
	if (getrandom(page.incarnation, sizeof(page.incarnation), 0) != sizeof(page.incarnation))
		return -errno;
	return make_leaf(folder, &counter, &page, sizeof(page));
}

/* If the counter file moves while its view is made, that is before anybody can see the view. */
static int make_view(int folder)
{
	cleanup_close int fd = counterfile_open(folder, counter.name, O_RDONLY | O_NOFOLLOW);
	struct counterfile_view content;
	uint32_t generation;

	if (fd < 0)
		return fd;
	if (pread(fd, &generation, sizeof(generation), 0) != sizeof(generation))
		return -EIO;
	counterfile_view_fill(&content, generation);
	return make_leaf(folder, &view, &content, sizeof(content));
}

int hook_counterfile_make(const char *name)
{
	cleanup_close int registry = open_registry();
	cleanup_close int folder = -1;
	int error;

	if (registry < 0)
		return registry;
	folder = open_folder(registry, name);
	if (folder < 0)
		return folder;
	if (!is_ours(folder))
		return -EPERM;
	/* One that a container left long ago is not stale any more: it starts again. */
	if (futimens(folder, NULL))
		return -errno;
	error = check_leaf(folder, &counter);
	if (error == -ENOENT)
		error = make_counter(folder);
	if (!error)
		error = check_leaf(folder, &view);
	return error == -ENOENT ? make_view(folder) : error;
}

static int add(struct hook_counterfiles *counters, const char *name)
{
	void *list = realloc(counters->list, (counters->n + 1) * sizeof(*counters->list));

	if (!list)
		return -ENOMEM;
	counters->list = list;
	counters->list[counters->n].mounted = false;
	snprintf(counters->list[counters->n++].name, sizeof(counters->list->name), "%s", name);
	return 0;
}

static int remove_folder(int registry, const char *name)
{
	cleanup_close int folder =
		openat(registry, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return errno == ENOENT ? 0 : -errno;
	/* The view first: a counter that is made anew must not find one of another number. */
	if ((unlinkat(folder, view.name, 0) && errno != ENOENT) ||
	    (unlinkat(folder, counter.name, 0) && errno != ENOENT) ||
	    (unlinkat(folder, KEPT, 0) && errno != ENOENT))
		return -errno;
	return unlinkat(registry, name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
}

int hook_counterfile_keep(const char *name)
{
	cleanup_close int registry = open_registry();
	cleanup_close int folder = -1, mark = -1;

	if (registry < 0)
		return registry;
	folder = openat(registry, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? 0 : -errno;
	mark = openat(folder, KEPT, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	return mark < 0 ? -errno : 0;
}

/* Returns 1 if the file exists, 0 if not, or -errno: an error does not say that there is none. */
static int exists(int folder, const char *path)
{
	if (!faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW))
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

static int is_kept(int registry, const char *name)
{
	char path[HOOK_NAME_MAX + 16];

	snprintf(path, sizeof(path), "%s/" KEPT, name);
	return exists(registry, path);
}

/* Returns 1, 0 or -errno. */
static int is_stale(int registry, const char *name)
{
	struct stat stat;
	int kept;

	if (!hook_name_is_good(name) || !strcmp(name, HOOK_NODE))
		return 0;
	if (fstatat(registry, name, &stat, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISDIR(stat.st_mode) || time(NULL) - stat.st_mtime <= STALE_SECONDS)
		return 0;
	kept = is_kept(registry, name);
	return kept < 0 ? kept : !kept;
}

static int add_stale(DIR *registry, struct hook_counterfiles *counters)
{
	const struct dirent *entry;
	int stale = 0;

	for (errno = 0; stale >= 0 && (entry = readdir(registry)); errno = 0) {
		stale = is_stale(dirfd(registry), entry->d_name);
		if (stale > 0)
			stale = add(counters, entry->d_name);
	}
	return stale < 0 ? stale : -errno;
}

static int remove_unmounted(int registry, struct hook_counterfiles *counters)
{
	int result = counters->n ? hook_mark_mounted(registry, counters) : 0;

	if (result)
		return result;
	for (size_t i = 0; i < counters->n; i++) {
		int error = counters->list[i].mounted
				    ? -EBUSY
				    : remove_folder(registry, counters->list[i].name);

		if (error && (!result || result == -EBUSY))
			result = error;
	}
	return result;
}

int hook_counterfile_remove(const char *name, bool stale)
{
	struct hook_counterfiles counters = { 0 };
	int fd = open_registry(), error = 0;
	DIR *registry;

	if (fd < 0)
		return fd;
	registry = fdopendir(fd);
	if (!registry) {
		close(fd);
		return -ENOMEM;
	}
	if (name)
		error = exists(fd, name);
	if (error > 0)
		error = add(&counters, name);
	if (!error && stale)
		error = add_stale(registry, &counters);
	if (!error)
		error = remove_unmounted(fd, &counters);
	free(counters.list);
	closedir(registry);
	return error;
}

const char *hook_reason(int error)
{
	return error == -EACCES ? "what other processes have mounted cannot be seen without "
				  "CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_SYS_CHROOT"
				: strerror(-error);
}
