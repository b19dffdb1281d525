// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked to the plugin, in front of each function of libc that can fail (see the Makefile). Keeps
 * in the file that $SYSGENID_FAULTS names from where in the plugin they are called. One call fails,
 * of those from the place that the file asks for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CALLS_MAX 65536

/* A shared mapping of the file, which all processes of a dump or a restore have. */
struct faults {
	uint32_t wanted; /* a place, or 0 */
	uint32_t error;	 /* the error number */
	uint32_t number; /* which call from there: 1 is the first */
	uint32_t n;
	char name[32]; /* of the function that has failed */
	uint32_t calls[CALLS_MAX];
};

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static struct faults *faults;
static bool read_failed; /* a stream has an error that libc does not know */

static void __attribute__((constructor)) attach(void)
{
	const char *path = getenv("SYSGENID_FAULTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		faults = at;
	if (fd >= 0)
		close(fd);
}

static bool fails(const char *name, const void *caller)
{
	uint32_t place = (uint32_t)((const char *)caller - __ehdr_start), n;

	if (!faults)
		return false;
	n = __atomic_fetch_add(&faults->n, 1, __ATOMIC_RELAXED);
	if (n < CALLS_MAX)
		faults->calls[n] = place;
	if (place != faults->wanted || __atomic_sub_fetch(&faults->number, 1, __ATOMIC_RELAXED))
		return false;
	snprintf(faults->name, sizeof(faults->name), "%s", name);
	read_failed = strstr(name, "get") != NULL;
	errno = (int)faults->error;
	return true;
}

/* All arguments are numbers and pointers, of which none has more than seven. */
#define WRAP(function, failure)                                                                    \
	long __real_##function(long, long, long, long, long, long, long);                          \
	long __wrap_##function(long, long, long, long, long, long, long);                          \
	long __wrap_##function(long a, long b, long c, long d, long e, long f, long g)             \
	{                                                                                          \
		if (fails(#function, __builtin_return_address(0)))                                 \
			return failure;                                                            \
		return __real_##function(a, b, c, d, e, f, g);                                     \
	}

#include "wraps.h"

int __real_ferror(FILE *stream);
int __wrap_ferror(FILE *stream);
int __wrap_ferror(FILE *stream)
{
	bool failed = read_failed;

	read_failed = false;
	return failed || __real_ferror(stream);
}
