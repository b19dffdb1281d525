/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The counter in a regular file, for machines without the module: a page of the device's layout, mounted at
 * /dev/sysgenid in a container. For the library, and for all parts of the project that have to do with such files.
 */
#ifndef SYSGENID_FILE_H
#define SYSGENID_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/sysgenid.h>

struct sysgenid;

/* Where the counters are: SYSGENID_REGISTRY/NAME/SYSGENID_REGISTRY_FILE. Tests have a registry of their own. */
#ifndef SYSGENID_REGISTRY
#define SYSGENID_REGISTRY "/run/sysgenid/containers"
#endif
#define SYSGENID_REGISTRY_FILE "counter"

/*
 * As openat(), which does not wait for a FIFO, a terminal or the like of that name. It waits for one thing: a container's
 * root may hold a lease on the file, which the kernel takes away from it after fs.lease-break-time. Returns -errno.
 */
int sysgenid_file_open(int folder, const char *path, int flags);

/* Is it a page with a counter that only root can write? 0, -ENOTTY, ... */
int sysgenid_file_check(int fd);

/* The same, and maps it. The descriptor can be closed then. */
int sysgenid_file_map(int fd, bool writable, struct sysgenid_page **page);
void sysgenid_file_unmap(struct sysgenid_page *page);

/*
 * Moves the word of a mapped page by one at least, and not below @min; others may do the same at this moment. Returns
 * the new generation. After 4294967295 comes 1, as with the device, or @min if that is another number.
 */
uint32_t sysgenid_file_raise(struct sysgenid_page *page, uint32_t min);

/*
 * Says in the page that the kernel's generator has been reseeded for the @generation to which the caller has raised it.
 * Whoever has raised it further by now says so for himself, and is not contradicted.
 */
void sysgenid_file_reseeded(struct sysgenid_page *page, uint32_t generation);

/* sysgenid_wait() for such a page. */
int sysgenid_file_wait(const struct sysgenid *handle, uint32_t seen, int timeout_ms);

#endif
