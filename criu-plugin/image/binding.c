// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "criu_abi.h"
#include "read.h"

#include <cleanup.h>

/* criu has it for tasks that have the machine's clocks. */
#define CLOCKS_NAME "timens-0.img"

/* Reads no further than to the first byte that is none of a UUID: other criu have less there. */
static bool is_uuid(const char *text)
{
	for (unsigned int i = 0; i < SYSGENID_IMAGE_DUMP_ID; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !text[i] || !strchr("0123456789abcdef", text[i]))
			return false;
	}
	return !text[SYSGENID_IMAGE_DUMP_ID];
}

int sysgenid_binding_set_id(SysgenidImage *image)
{
	/* Without the second one no restore could compare. */
	if (!&criu_run_id || !&dump_criu_run_id || !is_uuid(criu_run_id))
		return 0;
	image->dump_id = strdup(criu_run_id);
	return image->dump_id ? 0 : -ENOMEM;
}

struct clocks {
	uint8_t data[SYSGENID_IMAGE_MAX_CLOCKS + 1]; /* one more, to notice a longer file */
};

/*
 * Returns how many bytes, 0 when it is missing or none of criu's, or -errno. fstat() is not asked:
 * with Debian 12's glibc it is as dear as a path.
 */
static ssize_t read_clocks(int directory, struct clocks *clocks)
{
	cleanup_close int fd = openat(directory, CLOCKS_NAME,
				      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	ssize_t size;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : -errno;
	size = sysgenid_read_all(fd, clocks->data, sizeof(clocks->data));
	return size == -EISDIR || size == sizeof(clocks->data) ? 0 : size;
}

int sysgenid_binding_set_clocks(SysgenidImage *image, int directory)
{
	struct clocks clocks;
	ssize_t size = read_clocks(directory, &clocks);

	if (size <= 0)
		return (int)size;
	image->dump_clocks.data = malloc((size_t)size);
	if (!image->dump_clocks.data)
		return -ENOMEM;
	memcpy(image->dump_clocks.data, clocks.data, (size_t)size);
	image->dump_clocks.len = (size_t)size;
	image->has_dump_clocks = true;
	return 0;
}

static bool clocks_match(const SysgenidImage *image, int directory)
{
	struct clocks clocks;
	ssize_t size = read_clocks(directory, &clocks);

	return size >= 0 && (size_t)size == image->dump_clocks.len &&
	       !memcmp(clocks.data, image->dump_clocks.data, (size_t)size);
}

bool sysgenid_binding_matches(const SysgenidImage *image, int directory)
{
	if (image->dump_id && &dump_criu_run_id && strcmp(image->dump_id, dump_criu_run_id) != 0)
		return false;
	return !image->has_dump_clocks || clocks_match(image, directory);
}
