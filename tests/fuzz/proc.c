// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/maps, smaps and status, in which paths are a container's own words. The first byte of
 * the input says which.
 */
#include "maps.h"
#include "status.h"

#include <errno.h>

#include "fuzz.h"

static int input;

FILE *__wrap_fopen(const char *path, const char *mode);

/* Whatever the parsers open, they read the input. */
FILE *__wrap_fopen(const char *path, const char *mode)
{
	(void)path;
	(void)mode;
	return fdopen(dup(input), "r");
}

static int see(const struct sysgenid_vma *vma, void *argument)
{
	size_t *seen = argument;

	must(strlen(vma->perms) <= 4);
	must(!strchr(vma->path, '\n'));
	*seen += strlen(vma->path) + 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t seen = 0;
	int pid, result;

	if (size < 2)
		return 0;
	input = fuzz_file(data + 1, size - 1);
	if (data[0] % 3 == 2) {
		pid = sysgenid_inner_pid(1);
		must(pid != 0 || memmem(data, size, "NSpid:", 6));
	} else {
		result = sysgenid_for_each_vma(1, data[0] % 3 == 1, see, &seen);
		must(!result || result == -EBADMSG);
		/* Each mapping has a line, which contains the mapping's path. */
		must(seen <= size);
	}
	close(input);
	return 0;
}
