// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "counterfiles.h"

#include "base/report.h"
#include "escape.h"
#include "counterfile-page.h"
#include "counterfile-view.h"
#include "reseed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_container(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/*
 * Lists the names of all counter files, sorted, for free_names(). Returns their number or -errno.
 */
/* Returns how many there are, none without a registry; or -errno after saying what is wrong. */
static int list_names(struct dirent ***names)
{
	int n;

	*names = NULL;
	n = scandir(SYSGENID_REGISTRY, names, is_container, alphasort);
	if (n >= 0 || errno == ENOENT)
		return n < 0 ? 0 : n;
	n = -errno;
	tool_say("cannot list " SYSGENID_REGISTRY ": %s", strerror(-n));
	return n;
}

static void free_names(struct dirent **names, int n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

bool tool_counterfiles_exist(void)
{
	struct dirent **names;
	int n = list_names(&names);

	if (n < 0)
		return false;
	free_names(names, n);
	return n > 0;
}

static int open_file(const char *name, const char *leaf, bool writable)
{
	char path[sizeof(SYSGENID_REGISTRY) + 300];

	if (strchr(name, '/') || name[0] == '.' || strlen(name) > 255)
		return -EINVAL;
	snprintf(path, sizeof(path), SYSGENID_REGISTRY "/%s/%s", name, leaf);
	return counterfile_open(AT_FDCWD, path, (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW);
}

static int map_counter(const char *name, bool writable, struct sysgenid_page **page)
{
	int error, fd = open_file(name, SYSGENID_REGISTRY_FILE, writable);

	if (fd < 0)
		return fd;
	error = counterfile_map(fd, writable, page);
	close(fd);
	return error;
}

/* *@view is NULL if there is no view. */
static int map_view(const char *name, struct counterfile_view **view)
{
	int error, fd = open_file(name, SYSGENID_REGISTRY_VIEW, true);

	*view = NULL;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	error = counterfile_view_map(fd, true, view);
	close(fd);
	return error;
}

static int fail_file(const char *doing, const char *name, const char *leaf, int error)
{
	const char *what = error == -ENOTTY   ? "it is not a counter: remove it"
			   : error == -ENOENT ? "there is none of that name: see 'sysgenid status'"
			   : error == -EACCES ? "only root may: run it as root"
					      : strerror(-error);

	tool_say("cannot %s " SYSGENID_REGISTRY "/%s/%s: %s", doing, name, leaf, what);
	return error == -EACCES ? TOOL_NO_PERMISSION : TOOL_FAILED;
}

static int fail_counter(const char *doing, const char *name, int error)
{
	return fail_file(doing, name, SYSGENID_REGISTRY_FILE, error);
}

/* Raises the generation in a counter file, and has the kernel reseed its generator. */
static int raise_counter(const char *name, uint32_t min, uint32_t *generation)
{
	struct counterfile_view *view;
	struct sysgenid_page *page;
	int error = map_counter(name, true, &page);

	if (error)
		return fail_counter("move", name, error);
	error = map_view(name, &view);
	if (error) {
		counterfile_unmap(page);
		return fail_file("move", name, SYSGENID_REGISTRY_VIEW, error);
	}
	*generation = counterfile_view_raise(page, view, min);
	if (view)
		counterfile_view_unmap(view);
	error = sysgenid_reseed_kernel();
	if (!error)
		counterfile_reseeded(page, *generation);
	counterfile_unmap(page);
	if (!error)
		return TOOL_OK;
	tool_say("the generation was moved, but the kernel's random number generator could not be "
		 "reseeded: %s: run it with CAP_SYS_ADMIN",
		 strerror(-error));
	return TOOL_FAILED;
}

int tool_counterfiles_trigger(const char *container, uint32_t min, uint32_t *generation)
{
	struct dirent **names;
	int n, status = TOOL_OK;

	if (container)
		return raise_counter(container, min, generation);
	n = list_names(&names);
	if (n < 0)
		return TOOL_FAILED;
	for (int i = 0; i < n; i++) {
		uint32_t reached;
		int one = raise_counter(names[i]->d_name, min, &reached);

		if (one)
			status = one;
		else if (!i || reached > *generation)
			*generation = reached;
	}
	free_names(names, n);
	return status;
}

/* Returns an exit status after saying what is wrong. */
static int read_counter(const char *name, uint32_t *generation)
{
	struct sysgenid_page *page;
	int error = map_counter(name, false, &page);

	if (error)
		return fail_counter("read", name, error);
	*generation = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
	counterfile_unmap(page);
	return TOOL_OK;
}

unsigned int tool_counterfiles_each(void (*handle)(const char *name, uint32_t generation))
{
	struct dirent **names;
	int n = list_names(&names);
	unsigned int damaged = n < 0;

	for (int i = 0; i < n; i++) {
		uint32_t generation;

		if (read_counter(names[i]->d_name, &generation))
			damaged++;
		else
			handle(names[i]->d_name, generation);
	}
	if (n >= 0)
		free_names(names, n);
	return damaged;
}

static int print_counter(const char *name, struct json_object *list)
{
	char escaped[SYSGENID_ESCAPE_SIZE];
	struct json_object *object;
	uint32_t generation;
	int status = read_counter(name, &generation);

	if (status)
		return status;
	if (!list) {
		sysgenid_escape(name, escaped);
		printf("generation:  %-10u  container %s\n", generation, escaped);
		return TOOL_OK;
	}
	object = tool_json_new();
	tool_json_string(object, "container", name);
	tool_json_u32(object, "generation", generation);
	tool_json_append(list, object);
	return TOOL_OK;
}

int tool_counterfiles_status(bool json)
{
	struct json_object *object = json ? tool_json_new() : NULL, *list = NULL;
	struct dirent **names;
	int n = list_names(&names), status = n < 0 ? TOOL_FAILED : TOOL_OK;

	if (json) {
		list = tool_json_array(object, "files");
	} else {
		puts("no module: counter files, of which nothing but the generation is known");
	}
	for (int i = 0; i < n; i++) {
		int one = print_counter(names[i]->d_name, list);

		if (one)
			status = one;
	}
	if (n >= 0)
		free_names(names, n);
	n = json ? tool_print_json(object) : tool_flush();
	return n ? n : status;
}
