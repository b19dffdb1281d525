/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variables that are released when they go out of scope. Releasing keeps errno. */
#ifndef SYSGENID_CLEANUP_H
#define SYSGENID_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_close __attribute__((cleanup(sysgenid_cleanup_close)))
#define cleanup_directory __attribute__((cleanup(sysgenid_cleanup_directory)))
#define cleanup_file __attribute__((cleanup(sysgenid_cleanup_file)))
#define cleanup_free __attribute__((cleanup(sysgenid_cleanup_free)))

static inline void sysgenid_cleanup_close(int *fd)
{
	int kept = errno;

	if (*fd >= 0)
		close(*fd);
	errno = kept;
}

static inline void sysgenid_cleanup_directory(DIR **directory)
{
	int kept = errno;

	if (*directory)
		closedir(*directory);
	errno = kept;
}

static inline void sysgenid_cleanup_file(FILE **file)
{
	int kept = errno;

	if (*file)
		fclose(*file);
	errno = kept;
}

static inline void sysgenid_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

/* Hands the descriptor on: returns *@fd, and it is not closed at the end of the scope. */
static inline int sysgenid_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
