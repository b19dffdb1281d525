// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysgenid.img, which may come from anywhere. An image that is accepted is within all limits, and
 * is the same after it was written and read again.
 */
#include "image-file.h"

#include "fuzz.h"

#define HEADER SYSGENID_IMAGE_HEADER

static void write_and_read(const SysgenidImage *image)
{
	struct sysgenid_image_error error = { "" };
	uint8_t *first, *second;
	size_t first_size, second_size;
	SysgenidImage *again;

	must(!sysgenid_image_encode(image, &first, &first_size));
	must(!sysgenid_image_decode(first, first_size, &again, &error));
	must(!sysgenid_image_encode(again, &second, &second_size));
	must(first_size == second_size && !memcmp(first, second, first_size));
	sysgenid_image_free(again);
	free(first);
	free(second);
}

static void look_up(const SysgenidImage *image)
{
	must(image->n_files <= SYSGENID_IMAGE_MAX_FILES);
	must(image->n_mappings <= SYSGENID_IMAGE_MAX_MAPPINGS);
	must(image->n_file_tasks <= SYSGENID_IMAGE_MAX_TASKS);
	must(image->n_view_tasks <= SYSGENID_IMAGE_MAX_TASKS);
	for (size_t i = 0; i < image->n_files; i++)
		must(sysgenid_image_find_file(image, image->files[i]->id) == image->files[i]);
	for (size_t i = 0; i < image->n_mappings; i++)
		must(sysgenid_image_has_mapping(image, image->mappings[i]));
	for (size_t i = 0; i < image->n_file_tasks; i++)
		must(sysgenid_image_has_file_task(image, (pid_t)image->file_tasks[i]));
}

/* Fields that this version does not know; protobuf keeps them as they are, however odd. */
static bool has_unknown(const SysgenidImage *image)
{
	unsigned int unknown = image->base.n_unknown_fields;

	for (size_t i = 0; i < image->n_files; i++)
		unknown |= image->files[i]->base.n_unknown_fields;
	for (size_t i = 0; i < image->n_rng_areas; i++)
		unknown |= image->rng_areas[i]->base.n_unknown_fields;
	for (size_t i = 0; i < image->n_wipe_areas; i++)
		unknown |= image->wipe_areas[i]->base.n_unknown_fields;
	return unknown;
}

static void decode(const uint8_t *data, size_t size)
{
	struct sysgenid_image_error error = { "" };
	SysgenidImage *image = NULL;

	if (sysgenid_image_decode(data, size, &image, &error)) {
		must(error.text[0]);
		return;
	}
	look_up(image);
	if (!has_unknown(image))
		write_and_read(image);
	sysgenid_image_free(image);
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* A CRC bit by bit; the plugin's uses a table. */
static uint32_t crc32(const uint8_t *data, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}

/* Tries the input as it is, and with a header that fits, since mutations hit no checksum. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *image = malloc(HEADER + size);

	must(image);
	decode(data, size);
	memcpy(image, "SYSGENID", 8);
	put_u32(image + 8, SYSGENID_IMAGE_VERSION);
	put_u32(image + 12, (uint32_t)size);
	put_u32(image + 16, crc32(data, size));
	if (size)
		memcpy(image + HEADER, data, size);
	decode(image, HEADER + size);
	free(image);
	return 0;
}
