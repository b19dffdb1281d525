// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include "util.h"
#include "wordfile.h"

/* Only root may have made it and may change it. */
static bool is_roots(const struct stat *stat)
{
	return stat->st_uid == 0 && !(stat->st_mode & (S_IWGRP | S_IWOTH));
}

static DIR *open_registry(void)
{
	int fd = open(SYSGENID_REGISTRY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat stat;
	DIR *registry;

	if (fd < 0)
		return NULL;
	registry = fstat(fd, &stat) || !is_roots(&stat) ? NULL : fdopendir(fd);
	if (!registry)
		close(fd);
	return registry;
}

bool sysgenid_wordfile_in_use(void)
{
	cleanup_directory DIR *registry = open_registry();
	const struct dirent *entry;

	while (registry && (entry = readdir(registry)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}

/* A file with a second name may be one that a container has made. */
static bool is_wordfile(const struct stat *stat)
{
	return S_ISREG(stat->st_mode) && is_roots(stat) && stat->st_nlink == 1 &&
	       stat->st_size == (off_t)sysconf(_SC_PAGESIZE);
}

/* Is it the file of the container that is called name in the registry? */
static bool matches(int registry, const char *name, const struct stat *wanted)
{
	cleanup_close int directory =
		openat(registry, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat stat;

	return directory >= 0 && !fstat(directory, &stat) && is_roots(&stat) &&
	       !fstatat(directory, SYSGENID_REGISTRY_FILE, &stat, AT_SYMLINK_NOFOLLOW) &&
	       stat.st_dev == wanted->st_dev && stat.st_ino == wanted->st_ino && is_wordfile(&stat);
}

static void look_up(const struct stat *wanted, struct sysgenid_wordfile *found)
{
	cleanup_directory DIR *registry = open_registry();
	const struct dirent *entry;

	while (registry && (entry = readdir(registry))) {
		if (entry->d_name[0] == '.' || !matches(dirfd(registry), entry->d_name, wanted))
			continue;
		if (snprintf(found->path, sizeof(found->path),
			     SYSGENID_REGISTRY "/%s/" SYSGENID_REGISTRY_FILE,
			     entry->d_name) >= (int)sizeof(found->path))
			continue;
		found->kind = SYSGENID_WORDFILE_OURS;
		found->device = wanted->st_dev;
		found->inode = wanted->st_ino;
		return;
	}
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

int sysgenid_wordfile_find(pid_t pid, struct sysgenid_wordfile *found)
{
	cleanup_close int fd = open_inside(pid);
	struct stat stat;

	*found = (struct sysgenid_wordfile){ .kind = SYSGENID_WORDFILE_NONE };
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	/* A link on the way. */
	if (fd == -ELOOP) {
		found->kind = SYSGENID_WORDFILE_FOREIGN;
		return 0;
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &stat))
		return -errno;
	found->kind = S_ISCHR(stat.st_mode) ? SYSGENID_WORDFILE_DEVICE : SYSGENID_WORDFILE_FOREIGN;
	if (S_ISREG(stat.st_mode))
		look_up(&stat, found);
	return 0;
}

/* Maps the page. The file is opened by its name in the registry: in the container it is read-only. */
static int map(const struct sysgenid_wordfile *file, bool writable, struct sysgenid_page **page)
{
	cleanup_close int fd = sysgenid_file_open(AT_FDCWD, file->path,
						  (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW);
	struct stat stat;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat))
		return -errno;
	if (stat.st_dev != file->device || stat.st_ino != file->inode || !is_wordfile(&stat))
		return -ESTALE;
	return sysgenid_file_map(fd, writable, page);
}

int sysgenid_wordfile_read(const struct sysgenid_wordfile *file, uint32_t *generation)
{
	struct sysgenid_page *page;
	int error = map(file, false, &page);

	if (error)
		return error;
	*generation = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
	sysgenid_file_unmap(page);
	return 0;
}

int sysgenid_wordfile_raise(const struct sysgenid_wordfile *file, uint32_t mark, bool reseeded,
			    uint32_t *generation)
{
	struct sysgenid_page *page;
	int error = mark == UINT32_MAX ? -ERANGE : map(file, true, &page);

	if (error)
		return error;
	*generation = sysgenid_file_raise(page, mark + 1);
	if (reseeded)
		sysgenid_file_reseeded(page, *generation);
	sysgenid_file_unmap(page);
	return 0;
}
