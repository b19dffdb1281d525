/* SPDX-License-Identifier: GPL-2.0-only */
/* The plugin's own image, sysgenid.img in criu's image directory. Format: proto/sysgenid.proto. */
#ifndef SYSGENID_IMAGE_H
#define SYSGENID_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sysgenid.pb-c.h"

#define SYSGENID_IMAGE_NAME "sysgenid.img"
#define SYSGENID_IMAGE_HEADER 20u
/* Version 1 knows no counter but the system's. */
#define SYSGENID_IMAGE_VERSION 2u

/* Limits that no honest image meets; they bound what a hostile one can cost. */
#define SYSGENID_IMAGE_MAX_SIZE (16u << 20)
#define SYSGENID_IMAGE_MAX_FILES 16384u
#define SYSGENID_IMAGE_MAX_MAPPINGS 1024u
#define SYSGENID_IMAGE_MAX_AREAS 65536u
#define SYSGENID_IMAGE_MAX_TASKS 65536u
#define SYSGENID_IMAGE_MAX_CLOCKS 256u
/* The length of a UUID. */
#define SYSGENID_IMAGE_DUMP_ID 36u

/* What is wrong with an image and what to do about it, for people. */
struct sysgenid_image_error {
	char text[256];
};

SysgenidImage *sysgenid_image_new(void);
void sysgenid_image_free(SysgenidImage *image);

/* Return 0, -EEXIST when it is there already, -E2BIG over a limit, -ENOMEM. */
int sysgenid_image_add_file(SysgenidImage *image, const SysgenidFile *file);
int sysgenid_image_add_mapping(SysgenidImage *image, const char *path);
int sysgenid_image_add_rng_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end,
				bool cleared);
int sysgenid_image_add_wipe_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end);
int sysgenid_image_add_file_task(SysgenidImage *image, pid_t pid);

const SysgenidFile *sysgenid_image_find_file(const SysgenidImage *image, uint32_t id);
bool sysgenid_image_has_mapping(const SysgenidImage *image, const char *path);
bool sysgenid_image_has_file_task(const SysgenidImage *image, pid_t pid);

/* Header and message in a buffer that the caller frees. Returns 0, -ENOMEM or -E2BIG. */
int sysgenid_image_encode(const SysgenidImage *image, uint8_t **data, size_t *size);
/*
 * Returns 0, or -EBADMSG or -ENOMEM with error filled in. Areas that are not clear come first
 * afterwards; apart from that areas are in the order of their tasks and addresses.
 */
int sysgenid_image_decode(const uint8_t *data, size_t size, SysgenidImage **image,
			  struct sysgenid_image_error *error);

/* Replaces the image in a directory: afterwards it is the old one or the new one. */
int sysgenid_image_write(const SysgenidImage *image, int directory);

/* How much of an image's lists there was. */
struct sysgenid_image_lists {
	size_t files;
	size_t mappings;
	size_t rng_areas;
	size_t wipe_areas;
	size_t file_tasks;
};

struct sysgenid_image_lists sysgenid_image_lists(const SysgenidImage *image);

/*
 * Adds to the image in a directory what it lacks. The lists may be longer than when it was
 * written, and fields may have other values; none may have lost its value. After a failure a
 * restore may refuse the image.
 */
int sysgenid_image_append(const SysgenidImage *image, const struct sysgenid_image_lists *written,
			  int directory);

/* Returns 0, -ENOENT when there is none, or another -errno with error filled in. */
int sysgenid_image_read(int directory, SysgenidImage **image, struct sysgenid_image_error *error);

#endif
