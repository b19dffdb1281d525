/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counter in a regular file, where no module can be loaded: a page of the device's layout,
 * bind-mounted at /dev/sysgenid in a container. The file is the host's, one for each container:
 * SYSGENID_REGISTRY/ID/counter (see the library). A file is one of ours if and only if it is found there.
 */
#ifndef SYSGENID_WORDFILE_H
#define SYSGENID_WORDFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <file.h>

struct sysgenid_wordfile {
	dev_t device;
	ino_t inode;
	char path[280]; /* in the registry */
};

/* Is there any such file on this machine? 1, 0, or -errno: nobody knows. */
int sysgenid_wordfile_in_use(void);

/* All of them, in an array that the caller frees. Returns 0 or -errno. */
int sysgenid_wordfile_list(struct sysgenid_wordfile **files, size_t *n);

/* The generation in one. Each returns 0 or -errno; -ENOTTY: it is not such a page. */
int sysgenid_wordfile_read(const struct sysgenid_wordfile *file, uint32_t *generation);

/* Moves it by one at least, and above mark, but for a wrap; -ERANGE: nothing is above that. */
int sysgenid_wordfile_raise(const struct sysgenid_wordfile *file, uint32_t mark, bool reseeded,
			    uint32_t *generation);

#endif
