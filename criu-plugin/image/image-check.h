/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks an image's content, which may come from anywhere. */
#ifndef SYSGENID_IMAGE_CHECK_H
#define SYSGENID_IMAGE_CHECK_H

#include "image.h"

/* Says what is wrong with an image, and what to do about it. */
struct sysgenid_image_error {
	char text[256];
};

/* Fills in the error, and returns the code. */
int __attribute__((format(printf, 3, 4)))
sysgenid_image_fail(struct sysgenid_image_error *error, int code, const char *format, ...);

/*
 * Returns 0, or -EBADMSG or -ENOMEM with error filled in. Sorts the areas of memory into the order
 * that sysgenid_areas_clear() needs: areas that are not cleared yet come first; within that, areas
 * are sorted by task and address.
 */
int sysgenid_image_check(const SysgenidImage *image, struct sysgenid_image_error *error);

#endif
