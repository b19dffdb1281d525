/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counter files, for machines without the module: a page of the device's layout in a regular file,
 * mounted at /dev/sysgenid in a container.
 */
#ifndef SYSGENID_COUNTERFILE_PAGE_H
#define SYSGENID_COUNTERFILE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/sysgenid.h>

/*
 * A counter file is at SYSGENID_REGISTRY/ID/SYSGENID_REGISTRY_FILE. Tests have a registry of
 * their own.
 */
#ifndef SYSGENID_REGISTRY
#define SYSGENID_REGISTRY "/run/sysgenid/containers"
#endif
#define SYSGENID_REGISTRY_FILE "counter"

/*
 * As openat(), but it does not wait for a FIFO or a terminal of that name. It waits for a lease: a
 * container's root may hold one on the file, which the kernel takes away after fs.lease-break-time.
 * Returns -errno.
 */
int counterfile_open(int folder, const char *path, int flags);

/* Returns 0 if nobody but root, or this process's user, can write this regular file of one page. */
int counterfile_check_file(int fd);

/*
 * Returns 0 if the descriptor is of a counter file that only root, or this process's user, can
 * write; otherwise -ENOTTY or another -errno.
 */
int counterfile_check(int fd);

/* Checks the same, and maps the file. The caller may close the descriptor afterwards. */
int counterfile_map(int fd, bool writable, struct sysgenid_page **page);
void counterfile_unmap(struct sysgenid_page *page);

/*
 * Raises the generation by one at least, and to @min at least; others may do the same at this
 * moment. Returns the new generation. After 4294967295 comes 1, as with the device, or @min if that
 * is another number.
 */
uint32_t counterfile_raise(struct sysgenid_page *page, uint32_t min);

/* Has the kernel's generator been reseeded for the generation that the page has? */
bool counterfile_is_reseeded(const struct sysgenid_page *page);

/*
 * Raises the generation by one, for processes that were dumped and go on. Who looks meanwhile, or
 * resumes another process meanwhile, takes that generation for a restore's; and so does everybody
 * if this process is killed in here.
 */
uint32_t counterfile_resume(struct sysgenid_page *page);

/*
 * Returns the generation that the last event has begun which was no resume, and the generation now.
 * After a restore, onto whatever file, it is another one than before: the restore has begun a
 * generation above all that the file of the dump had.
 */
uint32_t counterfile_restored(const struct sysgenid_page *page, uint32_t *generation);

/*
 * Stores that the kernel's random number generator has been reseeded for @generation, to which the
 * caller has raised the page; and a new incarnation, drawn now. Stores nothing if the page has
 * another generation by now: the process that raised it will do so.
 */
void counterfile_reseeded(struct sysgenid_page *page, uint32_t generation);

#endif
