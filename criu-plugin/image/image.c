// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

SysgenidImage *sysgenid_image_new(void)
{
	SysgenidImage *image = malloc(sizeof(*image));

	if (image)
		sysgenid_image__init(image);
	return image;
}

void sysgenid_image_free(SysgenidImage *image)
{
	sysgenid_image__free_unpacked(image, NULL);
}

/*
 * Makes room for one more pointer. Capacities are powers of two, so the length says when an array
 * is full.
 */
static void *grow(void *array, size_t n)
{
	return n & (n - 1) ? array : realloc(array, (n ? n * 2 : 1) * sizeof(void *));
}

const SysgenidFile *sysgenid_image_find_file(const SysgenidImage *image, uint32_t id)
{
	for (size_t i = 0; i < image->n_files; i++)
		if (image->files[i]->id == id)
			return image->files[i];
	return NULL;
}

int sysgenid_image_add_file(SysgenidImage *image, const SysgenidFile *file)
{
	SysgenidFile **files, *copy;

	if (sysgenid_image_find_file(image, file->id))
		return -EEXIST;
	if (image->n_files >= SYSGENID_IMAGE_MAX_FILES)
		return -E2BIG;
	files = grow(image->files, image->n_files);
	if (!files)
		return -ENOMEM;
	image->files = files;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *file;
	copy->path = strdup(file->path);
	if (!copy->path) {
		free(copy);
		return -ENOMEM;
	}
	image->files[image->n_files++] = copy;
	return 0;
}

static bool has_path(char **paths, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(paths[i], path))
			return true;
	return false;
}

static int add_path(char ***paths, size_t *n, const char *path)
{
	char **grown, *copy;

	if (has_path(*paths, *n, path))
		return -EEXIST;
	if (*n >= SYSGENID_IMAGE_MAX_MAPPINGS)
		return -E2BIG;
	grown = grow(*paths, *n);
	if (!grown)
		return -ENOMEM;
	*paths = grown;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	grown[(*n)++] = copy;
	return 0;
}

bool sysgenid_image_has_mapping(const SysgenidImage *image, const char *path)
{
	return has_path(image->mappings, image->n_mappings, path);
}

bool sysgenid_image_has_view(const SysgenidImage *image, const char *path)
{
	return has_path(image->views, image->n_views, path);
}

int sysgenid_image_add_mapping(SysgenidImage *image, const char *path, bool view)
{
	int error = view ? add_path(&image->views, &image->n_views, path) : 0;

	if (error && error != -EEXIST)
		return error;
	return add_path(&image->mappings, &image->n_mappings, path);
}

static int add_area(SysgenidRngArea ***areas, size_t *n, const SysgenidRngArea *values)
{
	SysgenidRngArea **grown, *area;

	if (*n >= SYSGENID_IMAGE_MAX_AREAS)
		return -E2BIG;
	grown = grow(*areas, *n);
	if (!grown)
		return -ENOMEM;
	*areas = grown;
	area = malloc(sizeof(*area));
	if (!area)
		return -ENOMEM;
	*area = *values;
	grown[(*n)++] = area;
	return 0;
}

int sysgenid_image_add_rng_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end,
				bool cleared)
{
	SysgenidRngArea area = SYSGENID_RNG_AREA__INIT;

	area.pid = (uint32_t)pid;
	area.start = start;
	area.end = end;
	area.has_cleared = cleared;
	area.cleared = cleared;
	return add_area(&image->rng_areas, &image->n_rng_areas, &area);
}

int sysgenid_image_add_wipe_area(SysgenidImage *image, pid_t pid, uint64_t start, uint64_t end)
{
	SysgenidRngArea area = SYSGENID_RNG_AREA__INIT;

	area.pid = (uint32_t)pid;
	area.start = start;
	area.end = end;
	return add_area(&image->wipe_areas, &image->n_wipe_areas, &area);
}

static bool has_task(const uint32_t *tasks, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (tasks[i] == (uint32_t)pid)
			return true;
	return false;
}

static int add_task(uint32_t **tasks, size_t *n, pid_t pid)
{
	uint32_t *more;

	if (has_task(*tasks, *n, pid))
		return -EEXIST;
	if (*n >= SYSGENID_IMAGE_MAX_TASKS)
		return -E2BIG;
	/* A number needs no more room than a pointer. */
	more = grow(*tasks, *n);
	if (!more)
		return -ENOMEM;
	*tasks = more;
	more[(*n)++] = (uint32_t)pid;
	return 0;
}

bool sysgenid_image_has_file_task(const SysgenidImage *image, pid_t pid)
{
	return has_task(image->file_tasks, image->n_file_tasks, pid);
}

bool sysgenid_image_has_view_task(const SysgenidImage *image, pid_t pid)
{
	return has_task(image->view_tasks, image->n_view_tasks, pid);
}

int sysgenid_image_add_file_task(SysgenidImage *image, pid_t pid)
{
	return add_task(&image->file_tasks, &image->n_file_tasks, pid);
}

int sysgenid_image_add_view_task(SysgenidImage *image, pid_t pid)
{
	return add_task(&image->view_tasks, &image->n_view_tasks, pid);
}

struct sysgenid_image_lists sysgenid_image_lists(const SysgenidImage *image)
{
	return (struct sysgenid_image_lists){
		.files = image->n_files,
		.mappings = image->n_mappings,
		.views = image->n_views,
		.rng_areas = image->n_rng_areas,
		.wipe_areas = image->n_wipe_areas,
		.file_tasks = image->n_file_tasks,
		.view_tasks = image->n_view_tasks,
	};
}
