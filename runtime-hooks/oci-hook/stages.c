// SPDX-License-Identifier: GPL-2.0-only
/* What is done at each stage of a container's life. */
#include "stages.h"

#include <errno.h>
#include <json_tokener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include <counterfile-view.h>

#include "counterfile.h"
#include "device.h"
#include "hook.h"
#include "input.h"
#include "watchers.h"

#define WAIT_LIMIT_MS 60000

enum wish { WISH_NOTHING, WISH_DEVICE, WISH_FILE, WISH_AUTO, WISH_UNKNOWN };

static enum wish wish_of(struct json_object *object, const char *annotation)
{
	const char *value = hook_annotation(object, annotation);

	if (!value)
		return WISH_NOTHING;
	if (!strcmp(value, "device"))
		return WISH_DEVICE;
	if (!strcmp(value, "file"))
		return WISH_FILE;
	return strcmp(value, "auto") ? WISH_UNKNOWN : WISH_AUTO;
}

static int fail_wish(struct json_object *object, const char *annotation)
{
	return hook_fail("annotation %s is '%.64s': say device, file or auto", annotation,
			 hook_annotation(object, annotation));
}

static int fail_counter(const char *doing, const char *name, int error)
{
	if (error == -ENOTTY)
		return hook_fail(SYSGENID_REGISTRY
				 "/%s is not a counter and is not replaced: find out what it is, "
				 "and remove it",
				 name);
	if (error == -EPERM)
		return hook_fail(SYSGENID_REGISTRY
				 " or '%s' in it belongs to another user or can be "
				 "written by others: remove it",
				 name);
	return hook_fail("cannot %s " SYSGENID_REGISTRY
			 "/%s: %s: this must run as root, with room on "
			 "/run",
			 doing, name, hook_reason(error));
}

static const char *id_of(struct json_object *state)
{
	const char *id = hook_string(state, "id");

	if (id && hook_name_is_good(id))
		return id;
	if (id)
		hook_fail("'%.64s' is not a container ID: letters, digits and _.+- are expected",
			  id);
	else
		hook_fail("standard input is not the state of a container: it has no 'id'");
	return NULL;
}

/* A configuration has no ID, but podman's cgroup path ends in the container's ID. */
static const char *id_of_config(struct json_object *config)
{
	struct json_object *lin;
	const char *path = NULL, *id;

	if (json_object_object_get_ex(config, "linux", &lin))
		path = hook_string(lin, "cgroupsPath");
	id = path ? path + strlen(path) : NULL;
	while (id && id > path && id[-1] != '/' && id[-1] != ':')
		id--;
	if (id && !strncmp(id, "libpod-", strlen("libpod-")))
		id += strlen("libpod-");
	if (id && hook_name_is_good(id))
		return id;
	hook_fail("linux.cgroupsPath of the configuration does not end in a container ID: this "
		  "stage is for podman; mount " SYSGENID_REGISTRY "/ID/" SYSGENID_REGISTRY_FILE
		  " yourself");
	return NULL;
}

/* Returns the member called key, made with make() if it is missing; NULL if it has another type. */
static struct json_object *member(struct json_object *object, const char *key, json_type type)
{
	struct json_object *value;

	if (json_object_object_get_ex(object, key, &value))
		return json_object_is_type(value, type) ? value : NULL;
	value = type == json_type_array ? json_object_new_array() : json_object_new_object();
	if (value)
		json_object_object_add(object, key, value);
	return value;
}

/* Returns the list's entry whose @key is @path, or NULL. */
static struct json_object *entry_of(struct json_object *list, const char *key, const char *path)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		const char *value = hook_string(entry, key);

		if (value && !strcmp(value, path))
			return entry;
	}
	return NULL;
}

static int append(struct json_object *list, const char *json)
{
	struct json_object *entry = json_tokener_parse(json);

	if (entry && !json_object_array_add(list, entry))
		return 0;
	json_object_put(entry);
	return hook_fail("out of memory");
}

/* @leaf: in the container's folder of the registry. @path: in the container. */
static int add_file(struct json_object *config, struct json_object *mounts, const char *leaf,
		    const char *path)
{
	const char *id = id_of_config(config);
	char entry[1024];
	int error;

	if (!id)
		return 1;
	error = hook_counterfile_make(id);
	if (error)
		return fail_counter("make", id, error);
	snprintf(entry, sizeof(entry),
		 "{\"destination\":\"%s\",\"type\":\"bind\",\"source\":\"" SYSGENID_REGISTRY
		 "/%s/%s\",\"options\":[\"bind\",\"ro\",\"nosuid\",\"noexec\"]}",
		 path, id, leaf);
	return append(mounts, entry);
}

static int add_device(struct json_object *config, struct json_object *devices,
		      const struct hook_device *wanted, dev_t device)
{
	struct json_object *lin = member(config, "linux", json_type_object);
	struct json_object *resources = member(lin, "resources", json_type_object);
	struct json_object *rules =
		resources ? member(resources, "devices", json_type_array) : NULL;
	char entry[256];

	if (!rules)
		return hook_fail("linux.resources.devices of the configuration is not a list");
	snprintf(entry, sizeof(entry),
		 "{\"path\":\"%s\",\"type\":\"c\",\"major\":%u,\"minor\":%u,"
		 "\"fileMode\":%u,\"uid\":0,\"gid\":0}",
		 wanted->path, major(device), minor(device), wanted->mode);
	if (append(devices, entry))
		return 1;
	snprintf(entry, sizeof(entry),
		 "{\"allow\":true,\"type\":\"c\",\"major\":%u,\"minor\":%u,\"access\":\"%s\"}",
		 major(device), minor(device), wanted->access);
	return append(rules, entry);
}

/*
 * What is to be given: WISH_AUTO becomes one of the others, and a device that is not good nothing.
 * The stage create-runtime refuses that: engines show its message, but not precreate's.
 */
static enum wish what_to_give(struct json_object *config, const char *annotation,
			      const struct hook_device *wanted, dev_t *device)
{
	enum wish wish = wish_of(config, annotation);
	const char *why;
	bool good = wish != WISH_NOTHING && hook_device_is_good(wanted, device, &why);

	if (wish == WISH_AUTO)
		return good ? WISH_DEVICE : WISH_FILE;
	return wish == WISH_DEVICE && !good ? WISH_NOTHING : wish;
}

static int add_counter(struct json_object *config, struct json_object *mounts,
		       struct json_object *devices)
{
	dev_t device = 0;
	enum wish wish = what_to_give(config, HOOK_ANNOTATION, &hook_counter, &device);

	if (wish == WISH_UNKNOWN)
		return fail_wish(config, HOOK_ANNOTATION);
	/* The container may have the device already, by other means or by an earlier run. */
	if (wish == WISH_NOTHING || entry_of(mounts, "destination", SYSGENID_DEVICE) ||
	    entry_of(devices, "path", SYSGENID_DEVICE))
		return 0;
	return wish == WISH_FILE ? add_file(config, mounts, SYSGENID_REGISTRY_FILE, SYSGENID_DEVICE)
				 : add_device(config, devices, &hook_counter, device);
}

static bool is_number(struct json_object *entry, const char *key, unsigned int number)
{
	struct json_object *value;

	return json_object_object_get_ex(entry, key, &value) &&
	       json_object_is_type(value, json_type_int) && json_object_get_int64(value) == number;
}

/* By an earlier run? */
static bool is_our_mount(struct json_object *mount)
{
	static const char registry[] = SYSGENID_REGISTRY "/";
	const char *source = hook_string(mount, "source");

	return source && !strncmp(source, registry, sizeof(registry) - 1);
}

static int add_view(struct json_object *config, struct json_object *mounts,
		    struct json_object *devices)
{
	struct json_object *node = entry_of(devices, "path", SYSGENID_VIEW_AT);
	struct json_object *mount = entry_of(mounts, "destination", SYSGENID_VIEW_AT);
	dev_t device = 0;
	enum wish wish = what_to_give(config, HOOK_ANNOTATION_VIEW, &hook_view, &device);

	if (wish == WISH_UNKNOWN)
		return fail_wish(config, HOOK_ANNOTATION_VIEW);
	if (wish == WISH_NOTHING)
		return 0;
	if (!node && !mount)
		return wish == WISH_FILE
			       ? add_file(config, mounts, SYSGENID_REGISTRY_VIEW, SYSGENID_VIEW_AT)
			       : add_device(config, devices, &hook_view, device);
	if (wish == WISH_FILE ? !node && is_our_mount(mount)
			      : node && is_number(node, "major", major(device)) &&
					is_number(node, "minor", minor(device)))
		return 0;
	return hook_fail(
		"the container has another " SYSGENID_VIEW_AT
		", as the hypervisor's, which does not move when the container is "
		"restored: do not give it that, or leave out the annotation " HOOK_ANNOTATION_VIEW);
}

/* A filter: reads a configuration, adds what the annotations ask for, and prints it. */
int hook_precreate(struct json_object *config)
{
	struct json_object *lin = member(config, "linux", json_type_object);
	struct json_object *mounts = member(config, "mounts", json_type_array);
	struct json_object *devices = lin ? member(lin, "devices", json_type_array) : NULL;

	if (!mounts || !devices)
		return hook_fail("standard input is not an OCI configuration: 'mounts' or "
				 "'linux.devices' is not a list");
	if (add_counter(config, mounts, devices) || add_view(config, mounts, devices))
		return 1;
	puts(json_object_to_json_string_ext(config, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	return fflush(stdout) ? hook_fail("cannot write standard output: %s", strerror(errno)) : 0;
}

/* Is a device asked for that is not good? Says so. */
static bool is_bad_device(enum wish wish, const struct hook_device *wanted)
{
	const char *why;
	dev_t device;

	return wish == WISH_DEVICE && !hook_device_is_good(wanted, &device, &why) &&
	       hook_fail("%s", why);
}

/* runc calls this stage at restore, too. */
int hook_create_runtime(struct json_object *state)
{
	enum wish wish = wish_of(state, HOOK_ANNOTATION);
	enum wish view = wish_of(state, HOOK_ANNOTATION_VIEW);
	const char *id = id_of(state);
	int error;

	if (!id)
		return 1;
	if (wish == WISH_UNKNOWN)
		return fail_wish(state, HOOK_ANNOTATION);
	if (view == WISH_UNKNOWN)
		return fail_wish(state, HOOK_ANNOTATION_VIEW);
	if (is_bad_device(wish, &hook_counter) || is_bad_device(view, &hook_view))
		return 1;
	if (wish != WISH_FILE && view != WISH_FILE)
		return 0;
	error = hook_counterfile_make(id);
	return error ? fail_counter("make", id, error) : 0;
}

static bool limit_of(const char *text, uint32_t *limit)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	*limit = (uint32_t)value;
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && value <= WAIT_LIMIT_MS;
}

int hook_poststart(struct json_object *state)
{
	const char *wait = hook_annotation(state, HOOK_ANNOTATION_WAIT), *id = id_of(state);
	struct json_object *pid;
	uint32_t limit;
	int error;

	if (!id)
		return 1;
	if (!wait)
		return 0;
	if (!limit_of(wait, &limit))
		return hook_fail("annotation " HOOK_ANNOTATION_WAIT " is '%.64s': milliseconds are "
				 "expected, at most %d",
				 wait, WAIT_LIMIT_MS);
	if (!json_object_object_get_ex(state, "pid", &pid) || json_object_get_int(pid) <= 0)
		return hook_fail(
			"standard input is not the state of a running container: it has no "
			"'pid'");
	error = hook_wait_watchers(json_object_get_int(pid), limit);
	if (error == -ETIME)
		return hook_fail("watchers in container %s have not acknowledged within %u ms: see "
				 "sysgenid-outdated in /proc/*/fdinfo/*",
				 id, limit);
	return error ? hook_fail("cannot wait for the watchers in container %s: %s", id,
				 strerror(-error))
		     : 0;
}

/*
 * Returns 1 if podman has made a checkpoint of the container, whose copies will mount this counter
 * file; 0 if not, or -errno. criu's log is in the bundle until the container is removed.
 */
static int was_dumped(struct json_object *state)
{
	const char *bundle = hook_string(state, "bundle");
	char path[4096];

	if (!bundle || snprintf(path, sizeof(path), "%s/dump.log", bundle) >= (int)sizeof(path))
		return 0;
	if (!access(path, F_OK))
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

int hook_poststop(struct json_object *state)
{
	const char *id = id_of(state);
	int dumped, error;

	if (!id)
		return 1;
	dumped = was_dumped(state);
	/* If that is not known, there may be copies, and they cannot start without the file. */
	error = dumped ? hook_counterfile_keep(id) : 0;
	if (error)
		return fail_counter("keep", id, error);
	if (dumped < 0)
		return hook_fail("cannot find out whether container %s was dumped: %s: its counter "
				 "file is kept, 'sysgenid-hook remove %s' removes it",
				 id, strerror(-dumped), id);
	error = hook_counterfile_remove(dumped ? NULL : id, true);
	/*
	 * Copies of this container go on with the file. It is removed when the last copy ends, or
	 * after an hour.
	 */
	return error && error != -EBUSY ? fail_counter("clean up", "", error) : 0;
}
