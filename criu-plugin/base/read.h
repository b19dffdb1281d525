/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers that read a file and parse a number. */
#ifndef SYSGENID_READ_H
#define SYSGENID_READ_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Reads to the end of the file, but at most size bytes. Returns the number of bytes or -errno. */
static inline ssize_t sysgenid_read_all(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/*
 * Parses the unsigned number at *text and moves *text behind the number. strtoull() is not used: a
 * plugin that is built with glibc 2.38 or newer would need that version's variant of strtoull(),
 * and would not load with an older glibc.
 */
static inline bool sysgenid_parse_number(const char **text, unsigned int base, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = *text;
	uint64_t number = 0;

	for (; *at; at++) {
		const char *digit = strchr(digits, *at);

		if (!digit || (unsigned int)(digit - digits) >= base)
			break;
		if (number > (UINT64_MAX - (uint64_t)(digit - digits)) / base)
			return false;
		number = number * base + (uint64_t)(digit - digits);
	}
	if (at == *text)
		return false;
	*text = at;
	*value = number;
	return true;
}

#endif
