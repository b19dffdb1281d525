// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cleanup.h>

#include "image-check.h"

int sysgenid_image_fail(struct sysgenid_image_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int check_path(const char *path, struct sysgenid_image_error *error)
{
	if (path[0] != '/')
		return sysgenid_image_fail(error, -EBADMSG, "a path in it is not absolute");
	if (strlen(path) >= PATH_MAX)
		return sysgenid_image_fail(error, -EBADMSG, "a path in it is longer than %d bytes",
					   PATH_MAX - 1);
	return 0;
}

static int check_files(const SysgenidImage *image, struct sysgenid_image_error *error)
{
	cleanup_free uint32_t *ids = NULL;
	int result;

	if (!image->n_files)
		return 0;
	if (image->n_files > SYSGENID_IMAGE_MAX_FILES)
		return sysgenid_image_fail(error, -EBADMSG,
					   "it has %zu files, more than the %u allowed",
					   image->n_files, SYSGENID_IMAGE_MAX_FILES);
	ids = malloc(image->n_files * sizeof(*ids));
	if (!ids)
		return sysgenid_image_fail(error, -ENOMEM, "no memory to check it");
	for (size_t i = 0; i < image->n_files; i++) {
		ids[i] = image->files[i]->id;
		result = check_path(image->files[i]->path, error);
		if (result)
			return result;
	}
	qsort(ids, image->n_files, sizeof(*ids), compare_ids);
	for (size_t i = 1; i < image->n_files; i++)
		if (ids[i] == ids[i - 1])
			return sysgenid_image_fail(error, -EBADMSG,
						   "it has two files with the number %u", ids[i]);
	return 0;
}

static int compare_areas(const void *a, const void *b)
{
	const SysgenidRngArea *x = *(SysgenidRngArea *const *)a, *y = *(SysgenidRngArea *const *)b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* Areas that are not cleared yet come first: a restore clears only these. */
static int compare_order(const void *a, const void *b)
{
	const SysgenidRngArea *x = *(SysgenidRngArea *const *)a, *y = *(SysgenidRngArea *const *)b;

	return x->cleared != y->cleared ? x->cleared - y->cleared : compare_areas(a, b);
}

/* Most images have one area, and each look-up of a function such as qsort() is dear. */
static void sort(SysgenidRngArea **areas, size_t n, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(areas, n, sizeof(*areas), compare);
}

/* Areas were mappings of one task, so they cannot overlap. */
static int check_overlap(SysgenidRngArea **areas, size_t n, struct sysgenid_image_error *error)
{
	sort(areas, n, compare_areas);
	for (size_t i = 1; i < n; i++)
		if (areas[i]->pid == areas[i - 1]->pid && areas[i]->start < areas[i - 1]->end)
			return sysgenid_image_fail(error, -EBADMSG,
						   "areas of memory in it overlap");
	return 0;
}

static int check_areas(SysgenidRngArea **areas, size_t n, struct sysgenid_image_error *error)
{
	uint64_t page;
	int result;

	if (!n)
		return 0;
	if (n > SYSGENID_IMAGE_MAX_AREAS)
		return sysgenid_image_fail(error, -EBADMSG,
					   "it has %zu areas of memory, more than the %u allowed",
					   n, SYSGENID_IMAGE_MAX_AREAS);
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < n; i++) {
		const SysgenidRngArea *area = areas[i];

		if (!area->pid || area->pid > INT_MAX || area->start >= area->end ||
		    area->end > INT64_MAX || area->start % page || area->end % page)
			return sysgenid_image_fail(error, -EBADMSG,
						   "an area of memory in it has an impossible "
						   "task or address");
	}
	result = check_overlap(areas, n, error);
	if (!result)
		sort(areas, n, compare_order);
	return result;
}

static int check_memory(const SysgenidImage *image, struct sysgenid_image_error *error)
{
	int result;

	if (image->n_mappings > SYSGENID_IMAGE_MAX_MAPPINGS)
		return sysgenid_image_fail(error, -EBADMSG,
					   "it has %zu mapped paths, more than the %u allowed",
					   image->n_mappings, SYSGENID_IMAGE_MAX_MAPPINGS);
	for (size_t i = 0; i < image->n_mappings; i++) {
		result = check_path(image->mappings[i], error);
		if (result)
			return result;
	}
	if (image->n_views > image->n_mappings)
		return sysgenid_image_fail(error, -EBADMSG, "it has more views than mapped paths");
	for (size_t i = 0; i < image->n_views; i++)
		if (!sysgenid_image_has_mapping(image, image->views[i]))
			return sysgenid_image_fail(
				error, -EBADMSG,
				"it has a view that is not among its mapped paths");
	result = check_areas(image->rng_areas, image->n_rng_areas, error);
	if (result)
		return result;
	return check_areas(image->wipe_areas, image->n_wipe_areas, error);
}

int sysgenid_image_check(const SysgenidImage *image, struct sysgenid_image_error *error)
{
	int result;

	if (image->has_system_mark && (!image->has_mark || image->system_mark > image->mark))
		return sysgenid_image_fail(error, -EBADMSG, "its system's mark is above its mark");
	if (image->counter_required && !image->has_mark)
		return sysgenid_image_fail(
			error, -EBADMSG,
			"it requires the counter and has no mark of how far that had got");
	if (!image->counter_required && (image->n_files || image->n_mappings))
		return sysgenid_image_fail(
			error, -EBADMSG,
			"it has files or mappings of the counter and says that it needs none");
	if (image->system_wide && !image->counter_required)
		return sysgenid_image_fail(
			error, -EBADMSG,
			"it wants the system's counter and says that it needs none");
	/* A task with a view is one of those with a file. */
	if (image->n_file_tasks > SYSGENID_IMAGE_MAX_TASKS ||
	    image->n_view_tasks > image->n_file_tasks ||
	    (image->n_file_tasks && !image->has_file_mark))
		return sysgenid_image_fail(
			error, -EBADMSG,
			"it has tasks with a counter file and no mark of how far that had "
			"got");
	if (image->boot_id && strlen(image->boot_id) > 64)
		return sysgenid_image_fail(error, -EBADMSG, "its boot ID is too long");
	if (image->dump_id && strlen(image->dump_id) != SYSGENID_IMAGE_DUMP_ID)
		return sysgenid_image_fail(error, -EBADMSG,
					   "its ID of the dump has the wrong length");
	if (image->has_dump_clocks && image->dump_clocks.len > SYSGENID_IMAGE_MAX_CLOCKS)
		return sysgenid_image_fail(error, -EBADMSG, "its clocks of the dump are too long");
	result = check_files(image, error);
	if (result)
		return result;
	return check_memory(image, error);
}
