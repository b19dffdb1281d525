/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counter files, for machines where no module can be loaded. A counter file is one page of the
 * device's layout, bind-mounted at /dev/sysgenid in a container. Each container has a counter file
 * of its own, which belongs to the host: SYSGENID_REGISTRY/ID/counter (common/counterfile-page.h).
 * A file is a counter file if and only if it is found in the registry. A file there that may be
 * somebody else's is not raised, and its tasks are neither dumped nor restored.
 *
 * A view beside it (common/counterfile-view.h), which the container may have at /dev/vmclock0, is a
 * part of the counter file: it is raised with it, and a fault of either is one of both.
 */
#ifndef SYSGENID_COUNTERFILE_REGISTRY_H
#define SYSGENID_COUNTERFILE_REGISTRY_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <counterfile-page.h>

struct sysgenid_counterfile {
	dev_t device;
	ino_t inode;
	ino_t view;	   /* the inode of the view, on the same device; 0: there is none */
	const char *fault; /* why the file must not be raised; NULL: it may be raised */
	char path[300];	   /* in the registry; that of the view if the view has the fault */
};

/*
 * Does this machine have any counter file? Returns 1, 0, or -errno if that is unknown. Sets
 * *registry, which the caller must close; NULL: there is none.
 */
int sysgenid_counterfile_in_use(DIR **registry);

/*
 * Lists all files, with or without a fault, in an array that the caller frees. Returns 0 or -errno.
 */
int sysgenid_counterfile_list(struct sysgenid_counterfile **files, size_t *n);

/*
 * Reads the generation, or the view's number if that is higher. Returns 0 or -errno; -ENOTTY: the
 * file has no page of a counter, or the view no VMClock page.
 */
int sysgenid_counterfile_read(const struct sysgenid_counterfile *file, uint32_t *generation);

/*
 * The highest mark that a file follows if it says a lower number. Files begin far below, and
 * restores move them by little. An image that was forged, or whose container has driven a counter
 * there, may have a higher mark, and must not bring a file that containers share to the end of its
 * numbers. It can bring the file to this one. Images of all who share the file have a higher mark
 * then, which files elsewhere follow only if the administrator says so.
 */
#define SYSGENID_MOST_MARK 0x7fffffffu

/* How a file is raised: bits. */
#define SYSGENID_RAISE_RESEEDED 1u /* the kernel's generator has been reseeded for this */
#define SYSGENID_RAISE_ANY_MARK 2u /* follow a mark above SYSGENID_MOST_MARK as well */

static inline bool sysgenid_may_follow(const struct sysgenid_page *page, uint32_t mark,
				       unsigned int how)
{
	return how & SYSGENID_RAISE_ANY_MARK || mark <= SYSGENID_MOST_MARK ||
	       mark <= __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
}

/*
 * Raises the generation by at least one and above mark. A generation that wraps may end below mark.
 * Returns 0 or -errno; -ERANGE: no generation is above mark; -EDOM: the mark is too high to follow.
 */
int sysgenid_counterfile_raise(const struct sysgenid_counterfile *file, uint32_t mark,
			       unsigned int how, uint32_t *generation);

/* Raises the generation by one, for processes that were dumped and go on. Returns 0 or -errno. */
int sysgenid_counterfile_resume(const struct sysgenid_counterfile *file, unsigned int how,
				uint32_t *generation);

#endif
