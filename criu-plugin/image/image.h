/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The content of the plugin's own image, sysgenid.img in criu's image directory. The format is in
 * proto/sysgenid.proto; image-file.h writes and reads it.
 */
#ifndef SYSGENID_IMAGE_H
#define SYSGENID_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sysgenid.pb-c.h"

#define SYSGENID_IMAGE_NAME "sysgenid.img"

/* Limits that no honest image meets; they bound what a hostile image can cost. */
#define SYSGENID_IMAGE_MAX_SIZE (16u << 20)
#define SYSGENID_IMAGE_MAX_FILES 16384u
#define SYSGENID_IMAGE_MAX_MAPPINGS 1024u
#define SYSGENID_IMAGE_MAX_AREAS 65536u
#define SYSGENID_IMAGE_MAX_TASKS 65536u
#define SYSGENID_IMAGE_MAX_CLOCKS 256u
/* The length of a UUID. */
#define SYSGENID_IMAGE_DUMP_ID 36u

SysgenidImage *sysgenid_image_new(void);
void sysgenid_image_free(SysgenidImage *image);

/* Return 0, -EEXIST if the image has the element already, -E2BIG over a limit, or -ENOMEM. */
int sysgenid_image_add_file(SysgenidImage *image, const SysgenidFile *file);
int sysgenid_image_add_mapping(SysgenidImage *image, const char *path, bool view);
int sysgenid_image_add_rng_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end,
				bool cleared);
int sysgenid_image_add_wipe_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end);
int sysgenid_image_add_file_task(SysgenidImage *image, pid_t pid);
int sysgenid_image_add_view_task(SysgenidImage *image, pid_t pid);

const SysgenidFile *sysgenid_image_find_file(const SysgenidImage *image, uint32_t id);
bool sysgenid_image_has_mapping(const SysgenidImage *image, const char *path);
bool sysgenid_image_has_view(const SysgenidImage *image, const char *path);
bool sysgenid_image_has_file_task(const SysgenidImage *image, pid_t pid);
bool sysgenid_image_has_view_task(const SysgenidImage *image, pid_t pid);

/* The lengths of an image's lists. */
struct sysgenid_image_lists {
	size_t files;
	size_t mappings;
	size_t views;
	size_t rng_areas;
	size_t wipe_areas;
	size_t file_tasks;
	size_t view_tasks;
};

struct sysgenid_image_lists sysgenid_image_lists(const SysgenidImage *image);

#endif
