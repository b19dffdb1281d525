/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the plugin's image to criu's image directory, and reads it. */
#ifndef SYSGENID_IMAGE_FILE_H
#define SYSGENID_IMAGE_FILE_H

#include "image-check.h"

#define SYSGENID_IMAGE_HEADER 20u
/* Version 1 knows no counter but the system's. */
#define SYSGENID_IMAGE_VERSION 2u

/* Puts header and message into a buffer that the caller frees. Returns 0, -ENOMEM or -E2BIG. */
int sysgenid_image_encode(const SysgenidImage *image, uint8_t **data, size_t *size);

/* Decodes and checks an image. Returns 0, or -EBADMSG or -ENOMEM with error filled in. */
int sysgenid_image_decode(const uint8_t *data, size_t size, SysgenidImage **image,
			  struct sysgenid_image_error *error);

/* Replaces the image in a directory atomically. */
int sysgenid_image_write(const SysgenidImage *image, int directory);

/*
 * Appends to the image in a directory what was added since it was written. "written" has the
 * lengths of the lists at that time. Fields may have changed their values, but no field may have
 * lost its value. After a failure a restore may refuse the image.
 */
int sysgenid_image_append(const SysgenidImage *image, const struct sysgenid_image_lists *written,
			  int directory);

/* Returns 0, -ENOENT if there is no image, or another -errno with error filled in. */
int sysgenid_image_read(int directory, SysgenidImage **image, struct sysgenid_image_error *error);

#endif
