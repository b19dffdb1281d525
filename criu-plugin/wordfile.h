/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counter in a regular file, where no module can be loaded: a page of the device's layout,
 * bind-mounted at /dev/sysgenid in a container. The file is the host's, one for each container:
 * SYSGENID_REGISTRY/ID/counter (see the library). A file is one of ours if and only if it is found there.
 */
#ifndef SYSGENID_WORDFILE_H
#define SYSGENID_WORDFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <file.h>

enum sysgenid_wordfile_kind {
	SYSGENID_WORDFILE_NONE,	   /* there is nothing at the path */
	SYSGENID_WORDFILE_DEVICE,  /* a device node */
	SYSGENID_WORDFILE_FOREIGN, /* a file, but none of ours; or something else */
	SYSGENID_WORDFILE_OURS,
};

struct sysgenid_wordfile {
	enum sysgenid_wordfile_kind kind;
	dev_t device;
	ino_t inode;
	char path[280]; /* in the registry, when it is ours */
};

/* Is there any such file on this machine? */
bool sysgenid_wordfile_in_use(void);

/* What a task has at /dev/sysgenid. Returns 0 or -errno; -ESRCH or -ENOENT: the task is gone. */
int sysgenid_wordfile_find(pid_t pid, struct sysgenid_wordfile *found);

/* The generation in one that is ours. Each returns 0 or -errno; -ENOTTY: it is not such a page. */
int sysgenid_wordfile_read(const struct sysgenid_wordfile *file, uint32_t *generation);

/* Moves it by one at least, and above mark, but for a wrap; -ERANGE: nothing is above that. */
int sysgenid_wordfile_raise(const struct sysgenid_wordfile *file, uint32_t mark, bool reseeded,
			    uint32_t *generation);

#endif
