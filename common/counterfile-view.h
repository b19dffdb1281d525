/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The view of a counter file: the same generation as a VMClock page, in a second file beside the
 * counter file. It is mounted at /dev/vmclock0 in a container. Whoever raises the counter file
 * raises its view.
 */
#ifndef SYSGENID_COUNTERFILE_VIEW_H
#define SYSGENID_COUNTERFILE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/sysgenid.h>

/* The view is at SYSGENID_REGISTRY/ID/SYSGENID_REGISTRY_VIEW. */
#define SYSGENID_REGISTRY_VIEW "vmclock"
#define SYSGENID_VIEW_AT "/dev/vmclock0" /* where containers have it */

/* Little-endian. All fields of time are 0: there is no clock. */
struct counterfile_view {
	uint32_t magic;
	uint32_t size;
	uint16_t version;
	uint8_t counter_id;
	uint8_t time_type;
	uint32_t seq_count; /* odd while the fields change */
	uint64_t disruption_marker;
	uint64_t flags;
	uint8_t time[72];
	uint64_t vm_generation_counter;
};

/* What a new file has. Its flags do not promise notifications: a file has no poll. */
void counterfile_view_fill(struct counterfile_view *view, uint32_t generation);

/*
 * Returns 0 if the descriptor is of a view that only root, or this process's user, can write;
 * otherwise -ENOTTY or another -errno.
 */
int counterfile_view_check(int fd);

/* Checks the same, and maps the file. The caller may close the descriptor afterwards. */
int counterfile_view_map(int fd, bool writable, struct counterfile_view **view);
void counterfile_view_unmap(struct counterfile_view *view);

/* Whatever can be in the file; a good one has a generation. */
uint64_t counterfile_view_counter(const struct counterfile_view *view);

/* Gives the view the generation that the page has, whoever has raised the page. */
void counterfile_view_follow(const struct sysgenid_page *page, struct counterfile_view *view);

/*
 * As counterfile_raise(), and the view has the new generation then, or that of a process that has
 * raised the page since, even if that process is stopped before it comes to the view. Its counter
 * is another number than before. @view: NULL if there is none.
 *
 * A process that is killed in here can leave an odd seq_count, which readers take for a change that
 * does not end; the next one that raises the page ends it.
 */
uint32_t counterfile_view_raise(struct sysgenid_page *page, struct counterfile_view *view,
				uint32_t min);

/* The same with counterfile_resume(). A damaged view may take a second number: then a restore. */
uint32_t counterfile_view_resume(struct sysgenid_page *page, struct counterfile_view *view);

#endif
