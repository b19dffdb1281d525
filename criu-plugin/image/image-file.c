// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cleanup.h>

#include "image-check.h"
#include "image-file.h"
#include "read.h"

#define TEMPORARY_NAME SYSGENID_IMAGE_NAME ".tmp"
/*
 * Bounds the memory that a decoded image takes. The largest image that a dump makes takes less. A
 * forged one of the same size may have millions of empty elements, which take 40 times its size.
 */
#define MAX_MEMORY (64u << 20)
#define ALLOCATION_COST 32u /* of malloc() itself, at most */

static const char magic[8] = { 'S', 'Y', 'S', 'G', 'E', 'N', 'I', 'D' };

/*
 * Returns the checksum of a text and the data after it; @before is the checksum of the text, 0 if
 * the text is empty.
 */
static uint32_t crc32(uint32_t before, const uint8_t *data, size_t size)
{
	uint32_t table[16], crc = ~before;

	for (uint32_t i = 0; i < 16; i++) {
		table[i] = i;
		for (int bit = 0; bit < 4; bit++)
			table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	for (size_t i = 0; i < size; i++) {
		crc = (crc >> 4) ^ table[(crc ^ data[i]) & 15];
		crc = (crc >> 4) ^ table[(crc ^ (data[i] >> 4)) & 15];
	}
	return ~crc;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

int sysgenid_image_encode(const SysgenidImage *image, uint8_t **data, size_t *size)
{
	size_t length = sysgenid_image__get_packed_size(image);
	uint8_t *buffer;

	if (length > SYSGENID_IMAGE_MAX_SIZE)
		return -E2BIG;
	buffer = malloc(SYSGENID_IMAGE_HEADER + length);
	if (!buffer)
		return -ENOMEM;
	sysgenid_image__pack(image, buffer + SYSGENID_IMAGE_HEADER);
	memcpy(buffer, magic, sizeof(magic));
	put_u32(buffer + 8, SYSGENID_IMAGE_VERSION);
	put_u32(buffer + 12, (uint32_t)length);
	put_u32(buffer + 16, crc32(0, buffer + SYSGENID_IMAGE_HEADER, length));
	*data = buffer;
	*size = SYSGENID_IMAGE_HEADER + length;
	return 0;
}

static int check_header(const uint8_t *data, size_t size, struct sysgenid_image_error *error)
{
	uint32_t version, length;

	if (size < SYSGENID_IMAGE_HEADER)
		return sysgenid_image_fail(
			error, -EBADMSG,
			"it is truncated: %zu bytes are less than its header. Copy it again", size);
	if (memcmp(data, magic, sizeof(magic)))
		return sysgenid_image_fail(
			error, -EBADMSG,
			"it does not begin with \"SYSGENID\": another file has its name");
	version = get_u32(data + 8);
	if (version < 1 || version > SYSGENID_IMAGE_VERSION)
		return sysgenid_image_fail(
			error, -EBADMSG,
			"its format has version %u and this plugin knows versions up to %u "
			"only. Install the plugin that made the image",
			version, SYSGENID_IMAGE_VERSION);
	length = get_u32(data + 12);
	if (length > SYSGENID_IMAGE_MAX_SIZE)
		return sysgenid_image_fail(error, -EBADMSG,
					   "its message has %u bytes, more than the %u allowed",
					   length, SYSGENID_IMAGE_MAX_SIZE);
	if (length > size - SYSGENID_IMAGE_HEADER)
		return sysgenid_image_fail(
			error, -EBADMSG,
			"it is truncated: %zu of %u bytes of its message are there. Copy it again",
			size - SYSGENID_IMAGE_HEADER, length);
	if (length < size - SYSGENID_IMAGE_HEADER)
		return sysgenid_image_fail(error, -EBADMSG,
					   "something follows its message. Copy it again");
	if (crc32(0, data + SYSGENID_IMAGE_HEADER, length) != get_u32(data + 16))
		return sysgenid_image_fail(error, -EBADMSG,
					   "its checksum is wrong: it was damaged. Copy it again");
	return 0;
}

static void *allocate_within(void *left, size_t size)
{
	size_t *bytes = left;

	if (*bytes < ALLOCATION_COST || size > *bytes - ALLOCATION_COST) {
		*bytes = 0;
		return NULL;
	}
	*bytes -= size + ALLOCATION_COST;
	return malloc(size);
}

static void release(void *left, void *memory)
{
	(void)left;
	free(memory);
}

int sysgenid_image_decode(const uint8_t *data, size_t size, SysgenidImage **image,
			  struct sysgenid_image_error *error)
{
	size_t left = MAX_MEMORY;
	ProtobufCAllocator allocator = {
		.alloc = allocate_within,
		.free = release,
		.allocator_data = &left,
	};
	SysgenidImage *found;
	int result;

	result = check_header(data, size, error);
	if (result)
		return result;
	found = sysgenid_image__unpack(&allocator, size - SYSGENID_IMAGE_HEADER,
				       data + SYSGENID_IMAGE_HEADER);
	if (!found && !left)
		return sysgenid_image_fail(error, -EBADMSG,
					   "its message needs more than the %u bytes of memory "
					   "allowed: it may be forged",
					   MAX_MEMORY);
	if (!found)
		return sysgenid_image_fail(error, -EBADMSG, "its message cannot be decoded");
	result = sysgenid_image_check(found, error);
	if (result) {
		sysgenid_image_free(found);
		return result;
	}
	*image = found;
	return 0;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/*
 * Renaming makes the change atomic while this machine runs. Nothing is flushed to the disk: criu
 * does not flush its images either, and this image is useless without them. A restore recognises
 * by length and checksum an image that a power failure has cut.
 */
int sysgenid_image_write(const SysgenidImage *image, int directory)
{
	cleanup_free uint8_t *data = NULL;
	size_t size;
	int fd, error;

	error = sysgenid_image_encode(image, &data, &size);
	if (error)
		return error;
	if (unlinkat(directory, TEMPORARY_NAME, 0) && errno != ENOENT)
		return -errno;
	fd = openat(directory, TEMPORARY_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = write_all(fd, data, size);
	if (close(fd) && !error)
		error = -errno;
	if (!error && renameat(directory, TEMPORARY_NAME, directory, SYSGENID_IMAGE_NAME))
		error = -errno;
	if (error)
		unlinkat(directory, TEMPORARY_NAME, 0);
	return error;
}

/*
 * Returns a message with what is not written yet. protobuf reads two messages in a row as one: with
 * the elements of both, and with the second one's values.
 */
static SysgenidImage rest_of(const SysgenidImage *image, const struct sysgenid_image_lists *written)
{
	SysgenidImage rest = *image;

	rest.boot_id = NULL;
	rest.dump_id = NULL;
	rest.files += written->files;
	rest.n_files -= written->files;
	rest.mappings += written->mappings;
	rest.n_mappings -= written->mappings;
	rest.views += written->views;
	rest.n_views -= written->views;
	rest.rng_areas += written->rng_areas;
	rest.n_rng_areas -= written->rng_areas;
	rest.wipe_areas += written->wipe_areas;
	rest.n_wipe_areas -= written->wipe_areas;
	rest.file_tasks += written->file_tasks;
	rest.n_file_tasks -= written->file_tasks;
	rest.view_tasks += written->view_tasks;
	rest.n_view_tasks -= written->view_tasks;
	return rest;
}

/*
 * Writes the message first and the header last: a restore refuses the image as long as the header
 * does not have the length and checksum of the whole message.
 */
static int append_message(int fd, const uint8_t *message, uint32_t size)
{
	uint8_t header[SYSGENID_IMAGE_HEADER];
	struct stat stat;
	uint32_t length;

	if (fstat(fd, &stat) || pread(fd, header, sizeof(header), 0) != sizeof(header))
		return -EIO;
	length = get_u32(header + 12);
	if (stat.st_size != (off_t)sizeof(header) + length)
		return -EBADMSG;
	if ((uint64_t)length + size > SYSGENID_IMAGE_MAX_SIZE)
		return -E2BIG;
	put_u32(header + 12, length + size);
	put_u32(header + 16, crc32(get_u32(header + 16), message, size));
	if (pwrite(fd, message, size, stat.st_size) != (ssize_t)size)
		return -EIO;
	return pwrite(fd, header, sizeof(header), 0) == sizeof(header) ? 0 : -EIO;
}

int sysgenid_image_append(const SysgenidImage *image, const struct sysgenid_image_lists *written,
			  int directory)
{
	const SysgenidImage rest = rest_of(image, written);
	size_t size = sysgenid_image__get_packed_size(&rest);
	cleanup_free uint8_t *message = NULL;
	cleanup_close int fd = -1;

	if (size > SYSGENID_IMAGE_MAX_SIZE)
		return -E2BIG;
	message = malloc(size);
	if (!message)
		return -ENOMEM;
	sysgenid_image__pack(&rest, message);
	fd = openat(directory, SYSGENID_IMAGE_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : append_message(fd, message, (uint32_t)size);
}

int sysgenid_image_read(int directory, SysgenidImage **image, struct sysgenid_image_error *error)
{
	cleanup_free uint8_t *data = NULL;
	cleanup_close int fd = -1;
	struct stat stat;
	ssize_t size;

	/*
	 * An image may come from anywhere: do not even open a link or a device of that name. What
	 * is read is bounded and has a checksum, so it is not asked again what was opened.
	 */
	if (fstatat(directory, SYSGENID_IMAGE_NAME, &stat, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT
			       ? -ENOENT
			       : sysgenid_image_fail(error, -errno, "it cannot be found: %s",
						     strerror(errno));
	if (!S_ISREG(stat.st_mode))
		return sysgenid_image_fail(error, -EBADMSG, "it is not a regular file");
	fd = openat(directory, SYSGENID_IMAGE_NAME,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return sysgenid_image_fail(error, -errno, "it cannot be opened: %s",
					   strerror(errno));
	if (stat.st_size > (off_t)(SYSGENID_IMAGE_HEADER + SYSGENID_IMAGE_MAX_SIZE))
		return sysgenid_image_fail(error, -EBADMSG,
					   "it has %lld bytes, more than the %u allowed",
					   (long long)stat.st_size,
					   SYSGENID_IMAGE_HEADER + SYSGENID_IMAGE_MAX_SIZE);
	data = malloc((size_t)stat.st_size + 1);
	if (!data)
		return sysgenid_image_fail(error, -ENOMEM, "no memory to read it");
	size = sysgenid_read_all(fd, data, (size_t)stat.st_size);
	if (size < 0)
		return sysgenid_image_fail(error, (int)size, "it cannot be read: %s",
					   strerror((int)-size));
	return sysgenid_image_decode(data, (size_t)size, image, error);
}
