// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cleanup.h>
#include <counterfile-page.h>

#include "../../criu-plugin/proc/maps.h"

static bool ends_in(const char *path, const char *end)
{
	size_t length = strlen(path), tail = strlen(end);

	return length >= tail && !strcmp(path + length - tail, end);
}

bool inspect_is_counter(const char *path)
{
	static const char registry[] = SYSGENID_REGISTRY "/";

	return ends_in(path, SYSGENID_DEVICE) || ends_in(path, SYSGENID_VIEW_DEVICE) ||
	       !strncmp(path, registry, sizeof(registry) - 1);
}

static int add_path(struct inspected *process, const char *path)
{
	char **more;

	for (size_t i = 0; i < process->n_paths; i++)
		if (!strcmp(process->paths[i], path))
			return 0;
	more = reallocarray(process->paths, process->n_paths + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	process->paths = more;
	more[process->n_paths] = strdup(path);
	if (!more[process->n_paths])
		return -ENOMEM;
	process->n_paths++;
	return 0;
}

/* The kernel says so of a file that a package's upgrade has replaced. */
static void cut_deleted(char *path)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(path), tail = sizeof(deleted) - 1;

	if (length > tail && !strcmp(path + length - tail, deleted))
		path[length - tail] = '\0';
}

static int see(const struct sysgenid_vma *vma, void *argument)
{
	struct inspected *process = argument;
	char path[PATH_MAX];

	process->droppable |= vma->droppable;
	process->wipe_on_fork |= vma->wipe_on_fork;
	if (vma->path[0] != '/')
		return 0;
	snprintf(path, sizeof(path), "%s", vma->path);
	cut_deleted(path);
	process->counter_mapped |= inspect_is_counter(path);
	return add_path(process, path);
}

int inspect_mappings(struct inspected *process)
{
	return sysgenid_for_each_vma(process->pid, true, see, process);
}

void inspect_free(struct inspected *process)
{
	for (size_t i = 0; i < process->n_paths; i++)
		free(process->paths[i]);
	free(process->paths);
}

const char *inspect_mapped(const struct inspected *process, const char *name, const char *next)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < process->n_paths; i++) {
		const char *file = strrchr(process->paths[i], '/') + 1;

		if (!strncmp(file, name, length) && (!file[length] || strchr(next, file[length])))
			return process->paths[i];
	}
	return NULL;
}

bool inspect_program_has(const struct inspected *process, const char *text, size_t size)
{
	char link[64];
	cleanup_close int fd = -1;
	struct stat status;
	void *program;
	bool has;

	snprintf(link, sizeof(link), "/proc/%d/exe", process->pid);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size <= 0)
		return false;
	program = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (program == MAP_FAILED)
		return false;
	has = memmem(program, (size_t)status.st_size, text, size);
	munmap(program, (size_t)status.st_size);
	return has;
}
