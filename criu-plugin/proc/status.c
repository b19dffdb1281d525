// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <cleanup.h>

#include "read.h"
#include "status.h"

int sysgenid_inner_pid(pid_t pid)
{
	cleanup_file FILE *file = NULL;
	cleanup_free char *line = NULL;
	size_t size = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (getline(&line, &size, file) >= 0) {
		const char *last;
		uint64_t number;

		if (strncmp(line, "NSpid:", 6))
			continue;
		/*
		 * The line lists the task's numbers from the reader's namespace inwards. The last
		 * number is that in the task's own namespace.
		 */
		last = strrchr(line, '\t');
		if (!last)
			return -EBADMSG;
		last++;
		if (!sysgenid_parse_number(&last, 10, &number) || number > INT_MAX)
			return -EBADMSG;
		return (int)number;
	}
	if (feof(file))
		return -EBADMSG;
	return errno ? -errno : -EIO;
}
