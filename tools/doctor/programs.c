// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "programs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVICES_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define FILE_MAX (256 << 20) /* bytes */

void each_program(const char *name, void (*found)(const char *path, void *context), void *context)
{
	const char *own = getenv("PATH");
	char dirs[8192], path[PATH_MAX], *rest = dirs, *dir;

	if (snprintf(dirs, sizeof(dirs), "%s:" SERVICES_PATH, own ? own : "") >= (int)sizeof(dirs))
		strcpy(dirs, SERVICES_PATH);
	while ((dir = strsep(&rest, ":")))
		if (dir[0] == '/' && snprintf(path, sizeof(path), "%s/%s", dir, name) < PATH_MAX &&
		    !access(path, X_OK))
			found(path, context);
}

bool file_is_there(const char *path)
{
	struct stat status;

	return !lstat(path, &status) || (errno != ENOENT && errno != ENOTDIR);
}

bool file_has(const char *path, const char *text)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	void *map;
	bool has;

	if (fd < 0)
		return false;
	map = fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX
		      ? MAP_FAILED
		      : mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	has = memmem(map, status.st_size, text, strlen(text));
	munmap(map, status.st_size);
	return has;
}
