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
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cleanup.h>

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
	while (system.f_type == SYSFS_MAGIC && (entry = readdir(directory))) {
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
	return 0;
}

/* Runs in a child, since the file system may ask a server that is frozen, as with FUSE. */
static void __attribute__((noreturn)) ask(pid_t pid, const struct sysgenid_vma *vma)
{
	struct statfs system;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)vma->start, (unsigned long long)vma->end);
	fd = open(path, O_PATH | O_CLOEXEC);
	_exit(fd < 0 || fstatfs(fd, &system) ? 2 : system.f_type == SYSFS_MAGIC);
}

/* Returns whether the child has ended in time. */
static bool await(pid_t child, int *status)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
		if (waitpid(child, status, WNOHANG))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static int ask_in_child(pid_t pid, const struct sysgenid_vma *vma)
{
	static unsigned int silent;
	int status = -1;
	pid_t child = fork();

	if (!child)
		ask(pid, vma);
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
 * Asks once for each file system: many tasks can have the same file mapped. The tasks are frozen,
 * so the file system keeps its device number.
 */
static int is_in_sysfs(pid_t pid, const struct sysgenid_vma *vma)
{
	static struct {
		dev_t device;
		int answer;
	} known[MOST_QUESTIONS];
	static size_t n;
	int answer;

	for (size_t i = 0; i < n; i++)
		if (known[i].device == vma->device)
			return known[i].answer;
	if (n == MOST_QUESTIONS)
		return -E2BIG;
	answer = ask_in_child(pid, vma);
	if (answer < 0)
		return answer;
	known[n].device = vma->device;
	known[n++].answer = answer;
	return answer;
}

static int look(const struct sysgenid_vma *vma, void *argument)
{
	const struct search *search = argument;

	for (size_t i = 0; i < search->n; i++) {
		if (vma->inode != search->inodes[i])
			continue;
		/* Each network namespace has a sysfs of its own. */
		return vma->device == search->device ? 1 : is_in_sysfs(search->pid, vma);
	}
	return 0;
}

int sysgenid_vrng_mapped(pid_t pid)
{
	struct search search = { .pid = pid };
	int error = list_files(&search);

	if (error || !search.n)
		return error;
	return sysgenid_for_each_vma(pid, false, look, &search);
}
