// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "files.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cleanup.h>

#define ESTABLISHED 1
#define LISTEN 10
#define MEMORY_MAJOR 1 /* null, zero, random and the like */
#define TTY_MAJOR 5
#define PTS_MAJOR 136 /* and seven more */

static void note(struct inspect_kind *kind, const char *text)
{
	if (kind->n < INSPECT_SHOWN)
		snprintf(kind->shown[kind->n], sizeof(kind->shown[0]), "%.*s",
			 (int)sizeof(kind->shown[0]) - 1, text);
	kind->n++;
}

/* "0100007F:1F90", or 32 digits: each group of 8 is a number in this machine's order. */
static void address(const char *digits, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	uint32_t words[4] = { 0 };
	unsigned int port = 0, n = 0;

	for (; n < 4 && sscanf(digits, "%8x", &words[n]) == 1; n++, digits += 8)
		if (digits[8] == ':') {
			n++;
			break;
		}
	if (n != 1 && n != 4)
		return;
	sscanf(digits + 8, ":%x", &port);
	inet_ntop(n == 4 ? AF_INET6 : AF_INET, words, host, sizeof(host));
	snprintf(text, size, n == 4 ? "[%s]:%u" : "%s:%u", host, port);
}

/* The inode numbers of the process's sockets. */
struct sockets {
	unsigned long *inodes;
	size_t n;
};

static int add_socket(struct sockets *sockets, unsigned long inode)
{
	unsigned long *more = reallocarray(sockets->inodes, sockets->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	sockets->inodes = more;
	more[sockets->n++] = inode;
	return 0;
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

/* A line of /proc/PID/net/tcp and its like. */
static void see_line(const char *protocol, const char *line, const struct sockets *sockets,
		     struct inspect_files *files)
{
	char here[64], there[64], from[64] = "?", to[64] = "?", text[160];
	unsigned long inode;
	unsigned int state;

	if (sscanf(line, " %*u: %63s %63s %x %*s %*s %*s %*s %*s %lu", here, there, &state,
		   &inode) != 4 ||
	    !bsearch(&inode, sockets->inodes, sockets->n, sizeof(inode), compare))
		return;
	address(here, from, sizeof(from));
	address(there, to, sizeof(to));
	if (state == ESTABLISHED) {
		snprintf(text, sizeof(text), "%s %s to %s", protocol, from, to);
		note(&files->connected, text);
	} else if (state == LISTEN || protocol[0] == 'u') {
		snprintf(text, sizeof(text), "%s %s", protocol, from);
		note(&files->listening, text);
	}
}

/* Sockets of other kinds are in none of the tables. */
static void see_sockets(pid_t pid, const struct sockets *sockets, struct inspect_files *files)
{
	static const char *const protocols[] = { "tcp", "tcp6", "udp", "udp6" };
	cleanup_free char *line = NULL;
	size_t size = 0;

	if (!sockets->n)
		return;
	qsort(sockets->inodes, sockets->n, sizeof(*sockets->inodes), compare);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		char path[64];
		cleanup_file FILE *file = NULL;

		snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, protocols[i]);
		file = fopen(path, "re");
		while (file && getline(&line, &size, file) >= 0)
			see_line(protocols[i], line, sockets, files);
	}
}

static void see_locks(pid_t pid, const char *number, const char *target,
		      struct inspect_files *files)
{
	char path[64];
	cleanup_file FILE *file = NULL;
	cleanup_free char *line = NULL;
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.20s", pid, number);
	file = fopen(path, "re");
	while (file && getline(&line, &size, file) >= 0)
		if (!strncmp(line, "lock:", 5)) {
			note(&files->locked, target);
			return;
		}
}

static bool is_harmless(dev_t device)
{
	unsigned int number = major(device);

	return number == MEMORY_MAJOR || number == TTY_MAJOR ||
	       (number >= PTS_MAJOR && number < PTS_MAJOR + 8);
}

/* Descriptor @number of a directory of /proc. */
static int see_descriptor(struct inspected *process, int directory, const char *number,
			  struct sockets *sockets, struct inspect_files *files)
{
	char target[4096];
	ssize_t length = readlinkat(directory, number, target, sizeof(target) - 1);
	unsigned long inode;
	struct statx known;

	if (length < 0)
		return 0;
	target[length] = '\0';
	if (sscanf(target, "socket:[%lu]", &inode) == 1)
		return add_socket(sockets, inode);
	if (target[0] != '/')
		return 0;
	if (inspect_is_counter(target)) {
		process->counter_open = true;
		return 0;
	}
	see_locks(process->pid, number, target, files);
	/* The file's server, which may be stopped, is not asked. */
	if (!statx(directory, number, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &known) &&
	    S_ISCHR(known.stx_mode) &&
	    !is_harmless(makedev(known.stx_rdev_major, known.stx_rdev_minor)))
		note(&files->devices, target);
	return 0;
}

int inspect_open_files(struct inspected *process, struct inspect_files *files)
{
	char path[64];
	cleanup_directory DIR *directory = NULL;
	const struct dirent *entry;
	struct sockets sockets = { 0 };
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", process->pid);
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? -ESRCH : -errno;
	for (errno = 0; !result && (entry = readdir(directory)); errno = 0)
		if (entry->d_name[0] != '.')
			result = see_descriptor(process, dirfd(directory), entry->d_name, &sockets,
						files);
	if (!result && errno)
		result = errno == ENOENT ? -ESRCH : -errno;
	if (!result)
		see_sockets(process->pid, &sockets, files);
	free(sockets.inodes);
	return result;
}
