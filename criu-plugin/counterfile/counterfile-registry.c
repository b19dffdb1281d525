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
#include <counterfile-view.h>

#include "counterfile-registry.h"

static bool is_roots(const struct stat *stat)
{
	return stat->st_uid == 0 && !(stat->st_mode & (S_IWGRP | S_IWOTH));
}

/* Does this error say that a name in the registry leads to no counter file? */
static bool is_absent(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ELOOP;
}

/*
 * Opens the registry. Returns 0 or -errno. *registry is NULL after 0 if there is no registry. A
 * link in its place is an error: containers may have files from wherever it leads to.
 */
static int open_registry(DIR **registry, bool *trusted)
{
	cleanup_close int fd =
		open(SYSGENID_REGISTRY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat stat;

	*registry = NULL;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &stat))
		return -errno;
	*trusted = is_roots(&stat);
	*registry = fdopendir(fd);
	if (!*registry)
		return -errno;
	fd = -1;
	return 0;
}

/* Gets the next name in the registry. Returns 1, 0 at the end, or -errno. */
static int next(DIR *registry, const char **name)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = registry ? readdir(registry) : NULL;
	} while (entry && entry->d_name[0] == '.');
	if (!entry)
		return -errno;
	*name = entry->d_name;
	return 1;
}

int sysgenid_counterfile_in_use(DIR **registry)
{
	const char *name;
	bool trusted;
	int error = open_registry(registry, &trusted);

	return error ? error : next(*registry, &name);
}

/*
 * Returns why a file in the registry must not be raised, or NULL. Only a file with one name is
 * good: a container may have made a file with a second name.
 */
static const char *fault_of(const struct stat *stat)
{
	if (!S_ISREG(stat->st_mode))
		return "it is not a regular file";
	if (!is_roots(stat))
		return "users other than root own it or can write it";
	if (stat->st_nlink != 1)
		return "it has a second name";
	if (stat->st_size != (off_t)sysconf(_SC_PAGESIZE))
		return "its size is not that of a page";
	return NULL;
}

static void set_path(struct sysgenid_counterfile *file, const char *name, const char *leaf)
{
	snprintf(file->path, sizeof(file->path), SYSGENID_REGISTRY "/%s/%s", name, leaf);
}

/* Looks for the view beside the file. Returns 0, also if there is none, or -errno. */
static int find_view(int directory, const char *name, struct sysgenid_counterfile *file)
{
	struct stat stat;

	if (fstatat(directory, SYSGENID_REGISTRY_VIEW, &stat, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	file->view = stat.st_ino;
	if (file->fault)
		return 0;
	file->fault = fault_of(&stat);
	if (!file->fault && stat.st_dev != file->device)
		file->fault = "it is on another file system than the counter file";
	if (file->fault)
		set_path(file, name, SYSGENID_REGISTRY_VIEW);
	return 0;
}

/*
 * Finds the file of the container with this name in the registry. Returns 1, 0 if there is none,
 * or -errno. trusted: only root can write the registry.
 */
static int find(int registry, bool trusted, const char *name, struct sysgenid_counterfile *file)
{
	cleanup_close int directory =
		openat(registry, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat folder, stat;
	int error;

	if (directory < 0 || fstat(directory, &folder) ||
	    fstatat(directory, SYSGENID_REGISTRY_FILE, &stat, AT_SYMLINK_NOFOLLOW))
		return is_absent(-errno) ? 0 : -errno;
	file->device = stat.st_dev;
	file->inode = stat.st_ino;
	file->view = 0;
	file->fault = fault_of(&stat);
	if (!trusted || !is_roots(&folder))
		file->fault = "users other than root own its folder or can write there";
	set_path(file, name, SYSGENID_REGISTRY_FILE);
	error = find_view(directory, name, file);
	return error ? error : 1;
}

static int append(struct sysgenid_counterfile **files, size_t *n,
		  const struct sysgenid_counterfile *file)
{
	struct sysgenid_counterfile *more = realloc(*files, (*n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	*files = more;
	more[(*n)++] = *file;
	return 0;
}

int sysgenid_counterfile_list(struct sysgenid_counterfile **files, size_t *n)
{
	cleanup_directory DIR *registry = NULL;
	struct sysgenid_counterfile file;
	const char *name = NULL;
	bool trusted;
	int error;

	*files = NULL;
	*n = 0;
	error = open_registry(&registry, &trusted);
	if (error)
		return error;
	while ((error = next(registry, &name)) > 0) {
		error = find(dirfd(registry), trusted, name, &file);
		if (error > 0)
			error = append(files, n, &file);
		if (error)
			return error;
	}
	return error;
}

/*
 * Opens a file in the registry, since the container's mount is read-only. inode: the one that was
 * found.
 */
static int open_file(const struct sysgenid_counterfile *file, const char *path, ino_t inode,
		     bool writable)
{
	int fd = counterfile_open(AT_FDCWD, path, (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW);
	struct stat stat;
	int error = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat))
		error = -errno;
	else if (stat.st_dev != file->device || stat.st_ino != inode || fault_of(&stat))
		error = -ESTALE;
	if (!error)
		return fd;
	close(fd);
	return error;
}

struct pages {
	struct sysgenid_page *page;
	struct counterfile_view *view; /* NULL: there is none */
};

static void unmap(const struct pages *pages)
{
	if (pages->view)
		counterfile_view_unmap(pages->view);
	counterfile_unmap(pages->page);
}

static int map_view(const struct sysgenid_counterfile *file, bool writable,
		    struct counterfile_view **view)
{
	cleanup_close int fd = -1;
	char path[sizeof(file->path)];
	const char *leaf = strrchr(file->path, '/') + 1;

	snprintf(path, sizeof(path), "%.*s" SYSGENID_REGISTRY_VIEW, (int)(leaf - file->path),
		 file->path);
	fd = open_file(file, path, file->view, writable);
	return fd < 0 ? fd : counterfile_view_map(fd, writable, view);
}

static int map(const struct sysgenid_counterfile *file, bool writable, struct pages *pages)
{
	cleanup_close int fd = open_file(file, file->path, file->inode, writable);
	int error = fd < 0 ? fd : counterfile_map(fd, writable, &pages->page);

	pages->view = NULL;
	if (error || !file->view)
		return error;
	error = map_view(file, writable, &pages->view);
	if (!error)
		return 0;
	pages->view = NULL;
	unmap(pages);
	return error;
}

int sysgenid_counterfile_read(const struct sysgenid_counterfile *file, uint32_t *generation)
{
	struct pages pages;
	uint64_t seen;
	int error = map(file, false, &pages);

	if (error)
		return error;
	*generation = __atomic_load_n(&pages.page->generation, __ATOMIC_ACQUIRE);
	seen = pages.view ? counterfile_view_counter(pages.view) : 0;
	/* A number of more than 32 bits is none of ours, and no raise leads there again. */
	if (seen > *generation && seen <= UINT32_MAX)
		*generation = (uint32_t)seen;
	unmap(&pages);
	return 0;
}

int sysgenid_counterfile_raise(const struct sysgenid_counterfile *file, uint32_t mark,
			       unsigned int how, uint32_t *generation)
{
	struct pages pages;
	int error = mark == UINT32_MAX ? -ERANGE : map(file, true, &pages);

	if (error)
		return error;
	if (!sysgenid_may_follow(pages.page, mark, how))
		error = -EDOM;
	else
		*generation = counterfile_view_raise(pages.page, pages.view, mark + 1);
	if (!error && how & SYSGENID_RAISE_RESEEDED)
		counterfile_reseeded(pages.page, *generation);
	unmap(&pages);
	return error;
}

/*
 * Without a reseed for this the kernel's generator is as good as before: it is in no image, and a
 * dump does not wind it back.
 */
int sysgenid_counterfile_resume(const struct sysgenid_counterfile *file, unsigned int how,
				uint32_t *generation)
{
	struct pages pages;
	int error = map(file, true, &pages);
	bool reseeded;

	if (error)
		return error;
	reseeded = counterfile_is_reseeded(pages.page) || how & SYSGENID_RAISE_RESEEDED;
	*generation = counterfile_view_resume(pages.page, pages.view);
	if (reseeded)
		counterfile_reseeded(pages.page, *generation);
	unmap(&pages);
	return 0;
}
