// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the driver's file by inode number and file system. A container can choose the names and
 * inode numbers of its own files, but it cannot put a file into sysfs. A file's inode number is
 * the same wherever sysfs is mounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cleanup.h>

#include "fds.h"
#include "maps.h"
#include "vrng.h"

#define FILE_NAME "vm_gen_counter"
#define MOST_DEVICES 64
#define MOST_QUESTIONS 256 /* in a dump, each about another file system and in a process */
#define MOST_SILENT 3	   /* file systems that do not answer */
#define PATIENCE_MS 1000
#define PAUSE_MS 1

struct search {
	pid_t pid;
	dev_t device; /* of our own sysfs */
	uint64_t inodes[MOST_DEVICES];
	size_t n;
};

/* Lists the driver's files; there are none without the driver. */
static int list_files(struct search *search)
{
	cleanup_directory DIR *directory = opendir(SYSGENID_VRNG_DIRECTORY);
	const struct dirent *entry;
	struct statfs system;

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	if (fstatfs(dirfd(directory), &system))
		return -errno;
	if (system.f_type != SYSFS_MAGIC)
		return 0;
	for (errno = 0; (entry = readdir(directory)); errno = 0) {
		char path[sizeof(entry->d_name) + sizeof("/" FILE_NAME)];
		struct stat stat;

		snprintf(path, sizeof(path), "%s/" FILE_NAME, entry->d_name);
		if (entry->d_name[0] == '.' || fstatat(dirfd(directory), path, &stat, 0))
			continue;
		if (search->n == MOST_DEVICES)
			return -E2BIG;
		search->device = stat.st_dev;
		search->inodes[search->n++] = stat.st_ino;
	}
	return -errno;
}

/*
 * Runs in a child, since the file system may ask a server that is frozen, as with FUSE. A child
 * whose request the server has read cannot be killed. It must not keep criu's descriptors open
 * until the server answers: somebody may wait for the end of criu's standard error or socket.
 */
static void __attribute__((noreturn)) ask(const char *path)
{
	struct statfs system;
	int fd;

	if (close_range(0, ~0u, 0))
		_exit(2);
	fd = open(path, O_PATH | O_CLOEXEC);
	_exit(fd < 0 || fstatfs(fd, &system) ? 2 : system.f_type == SYSFS_MAGIC);
}

/* Returns whether the child has ended in time. */
static bool await(pid_t child, int *status)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
		if (waitpid(child, status, WNOHANG | __WCLONE))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* path: a link in /proc to the file */
static int ask_in_child(const char *path)
{
	static unsigned int silent;
	int status = -1;
	/* A fork without an exit signal: criu has a handler of SIGCHLD for its own children. */
	pid_t child = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);

	if (!child)
		ask(path);
	if (child < 0)
		return -errno;
	if (await(child, &status))
		return WIFEXITED(status) && WEXITSTATUS(status) < 2 ? WEXITSTATUS(status) : -EIO;
	kill(child, SIGKILL);
	await(child, &status);
	/* The file is not in sysfs, which asks no server and would have answered. */
	return silent++ < MOST_SILENT ? 0 : -ETIME;
}

/*
 * Asks once for each file system: many tasks can have the same file mapped or open. The tasks are
 * frozen, so the file system keeps its device number.
 */
static int is_in_sysfs(dev_t device, const char *path)
{
	/* Not static memory, which would be one mapping more in each process of a restore. */
	static struct {
		dev_t device;
		int answer;
	} * known;
	static size_t n;
	int answer;

	if (!known)
		known = calloc(MOST_QUESTIONS, sizeof(*known));
	if (!known)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (known[i].device == device)
			return known[i].answer;
	if (n == MOST_QUESTIONS)
		return -E2BIG;
	answer = ask_in_child(path);
	if (answer < 0)
		return answer;
	known[n].device = device;
	known[n++].answer = answer;
	return answer;
}

static int look(const struct search *search, dev_t device, uint64_t inode, const char *path)
{
	for (size_t i = 0; i < search->n; i++) {
		if (inode != search->inodes[i])
			continue;
		/* Each network namespace has a sysfs of its own. */
		return device == search->device ? 1 : is_in_sysfs(device, path);
	}
	return 0;
}

static int look_at_mapping(const struct sysgenid_vma *vma, void *argument)
{
	const struct search *search = argument;
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", search->pid,
		 (unsigned long long)vma->start, (unsigned long long)vma->end);
	return look(search, vma->device, vma->inode, path);
}

static int look_at_fd(const struct sysgenid_fd *file, void *argument)
{
	return look(argument, file->device, file->inode, file->path);
}

int sysgenid_vrng_used(pid_t pid)
{
	struct search search = { .pid = pid };
	int result = list_files(&search);

	if (result || !search.n)
		return result;
	result = sysgenid_for_each_vma(pid, false, look_at_mapping, &search);
	if (!result)
		result = sysgenid_for_each_fd(pid, look_at_fd, &search);
	return result == -ESRCH ? 0 : result;
}
