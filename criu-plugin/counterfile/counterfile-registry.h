/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counter in a regular file, where no module can be loaded: a page of the device's layout,
 * bind-mounted at /dev/sysgenid in a container. The file is the host's, one for each container:
 * SYSGENID_REGISTRY/ID/counter (see the library). A file is one of ours if and only if it is found there.
 */
#ifndef SYSGENID_COUNTERFILE_REGISTRY_H
#define SYSGENID_COUNTERFILE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <counterfile-page.h>

struct sysgenid_counterfile {
	dev_t device;
	ino_t inode;
	char path[280]; /* in the registry */
};

/* Is there any such file on this machine? 1, 0, or -errno: nobody knows. */
int sysgenid_counterfile_in_use(void);

/* All of them, in an array that the caller frees. Returns 0 or -errno. */
int sysgenid_counterfile_list(struct sysgenid_counterfile **files, size_t *n);

/* The generation in one. Each returns 0 or -errno; -ENOTTY: it is not such a page. */
int sysgenid_counterfile_read(const struct sysgenid_counterfile *file, uint32_t *generation);

/* Moves it by one at least, and above mark, but for a wrap; -ERANGE: nothing is above that. */
int sysgenid_counterfile_raise(const struct sysgenid_counterfile *file, uint32_t mark,
			       bool reseeded, uint32_t *generation);

#endif
