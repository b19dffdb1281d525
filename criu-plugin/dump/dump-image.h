/* SPDX-License-Identifier: GPL-2.0-only */
/* The image that a dump makes, and what of it is in criu's image directory. */
#ifndef SYSGENID_DUMP_IMAGE_H
#define SYSGENID_DUMP_IMAGE_H

#include <stdbool.h>

#include "image.h"

struct sysgenid_dump_image {
	SysgenidImage *image; /* NULL if there was no memory for it */
	bool listed;	      /* criu's inventory names this plugin */
	bool stored;	      /* the directory has this image */
	bool written;	      /* the directory has this image as it was at "lists" */
	struct sysgenid_image_lists lists;
};

/* Makes an empty image with the dump's ID. Warns if there is no memory for it. */
void sysgenid_dump_image_begin(struct sysgenid_dump_image *dump);

/* Records the boot ID of this machine. */
void sysgenid_dump_image_set_boot_id(struct sysgenid_dump_image *dump);

/* Removes an earlier dump's image from the directory. Returns 0 or -errno after logging. */
int sysgenid_dump_image_remove_earlier(void);

/*
 * Set or remove the mark, and note whether the image must be written again. system: the mark of
 * the system's counter; NULL if that is unknown.
 */
void sysgenid_dump_image_set_mark(struct sysgenid_dump_image *dump, uint32_t mark,
				  const uint32_t *system);
void sysgenid_dump_image_clear_mark(struct sysgenid_dump_image *dump);

/* Writes the image if it has changed. A failure is logged only: the dump goes on. */
void sysgenid_dump_image_store_hint(struct sysgenid_dump_image *dump);

/*
 * Note that the tasks cannot be restored without this plugin and its image, and write it.
 * sysgenid_dump_image_require() also notes that a task uses a counter of the kernel. Return 0 or
 * -errno after logging.
 */
int sysgenid_dump_image_need_plugin(struct sysgenid_dump_image *dump);
int sysgenid_dump_image_require(struct sysgenid_dump_image *dump);

/*
 * Binds the image to the other images of a criu before 4.1, at the end of the dump. Returns 0 or
 * -errno after logging.
 */
int sysgenid_dump_image_bind_clocks(struct sysgenid_dump_image *dump);

/* Leaves an empty image, which a restore refuses. A missing image would not be refused. */
void sysgenid_dump_image_spoil(void);

void sysgenid_dump_image_free(struct sysgenid_dump_image *dump);

#endif
