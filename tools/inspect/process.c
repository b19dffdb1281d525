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

bool inspect_is_counter(const char *path)
{
	static const char device[] = "/dev/sysgenid", registry[] = SYSGENID_REGISTRY "/";
	size_t length = strlen(path), tail = sizeof(device) - 1;

	return (length >= tail && !strcmp(path + length - tail, device)) ||
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

static int see(const struct sysgenid_vma *vma, void *argument)
{
	struct inspected *process = argument;

	process->droppable |= vma->droppable;
	process->wipe_on_fork |= vma->wipe_on_fork;
	if (vma->path[0] != '/')
		return 0;
	process->counter_mapped |= inspect_is_counter(vma->path);
	return add_path(process, vma->path);
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
