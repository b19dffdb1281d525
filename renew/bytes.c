// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Calls the kernel until @to is full. @fd is an open /dev/urandom; -1: getrandom. */
static bool fill(unsigned char *to, size_t size, int fd)
{
	while (size) {
		long got = fd < 0 ? syscall(SYS_getrandom, to, size, 0)
				  : syscall(SYS_read, fd, to, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		size -= (size_t)got;
	}
	return true;
}

/*
 * By system calls: the functions of libc are points of cancellation, and a thread that is cancelled
 * here may hold a lock of the library that is renewed.
 */
static bool fill_from_device(void *to, size_t size)
{
	int fd =
		(int)syscall(SYS_openat, AT_FDCWD, "/dev/urandom", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool ok;

	if (fd < 0)
		return false;
	ok = fill(to, size, fd);
	syscall(SYS_close, fd);
	return ok;
}

bool renew_kernel_bytes(void *to, size_t size)
{
	int saved = errno;
	bool ok = fill(to, size, -1) || fill_from_device(to, size);

	errno = saved;
	return ok;
}

bool renew_bytes_draw(struct renew_bytes *bytes, uint32_t generation)
{
	memset(bytes, 0, sizeof(*bytes));
	clock_gettime(CLOCK_REALTIME, &bytes->real);
	clock_gettime(CLOCK_MONOTONIC, &bytes->monotonic);
	bytes->generation = generation;
	return renew_kernel_bytes(bytes->kernel, sizeof(bytes->kernel));
}
