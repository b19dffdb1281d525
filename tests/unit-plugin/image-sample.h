/* SPDX-License-Identifier: GPL-2.0-only */
/* An image for the tests of sysgenid.img. */
#ifndef IMAGE_SAMPLE_H
#define IMAGE_SAMPLE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "image-file.h"

static inline SysgenidImage *sample(void)
{
	SysgenidImage *image = sysgenid_image_new();
	SysgenidFile file = SYSGENID_FILE__INIT;

	image->counter_required = true;
	image->has_mark = true;
	image->mark = 4711;
	image->boot_id = strdup("00000000-1111-2222-3333-444444444444");
	for (uint32_t id = 1; id <= 5; id++) {
		file.id = id;
		file.path = id == 3 ? "/chroot/dev/sysgenid" : "/dev/sysgenid";
		file.flags = O_RDWR | O_NONBLOCK;
		file.acknowledged = 100 + id;
		file.tracked = id & 1;
		file.outdated = id & 2;
		sysgenid_image_add_file(image, &file);
	}
	sysgenid_image_add_mapping(image, "/dev/sysgenid", false);
	for (int i = 0; i < 9; i++)
		sysgenid_image_add_rng_area(image, 7 + i, 0x7f0000000000, 0x7f0000004000, i == 8);
	for (pid_t pid = 1; pid <= 5; pid++)
		sysgenid_image_add_file_task(image, pid);
	sysgenid_image_add_view_task(image, 4);
	image->has_file_mark = true;
	image->file_mark = 12;
	return image;
}

static inline void encode(const SysgenidImage *image, uint8_t **data, size_t *size)
{
	if (sysgenid_image_encode(image, data, size))
		abort();
}

#endif /* IMAGE_SAMPLE_H */
