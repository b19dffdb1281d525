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

#include "counterfile.h"
#include "device.h"
#include "hook.h"
#include "input.h"
#include "watchers.h"

#define WAIT_LIMIT_MS 60000

enum wish { WISH_NOTHING, WISH_DEVICE, WISH_FILE, WISH_AUTO, WISH_UNKNOWN };

static enum wish wish_of(struct json_object *object)
{
	const char *value = hook_annotation(object, HOOK_ANNOTATION);

	if (!value)
		return WISH_NOTHING;
	if (!strcmp(value, "device"))
		return WISH_DEVICE;
	if (!strcmp(value, "file"))
		return WISH_FILE;
	return strcmp(value, "auto") ? WISH_UNKNOWN : WISH_AUTO;
}

static int fail_wish(struct json_object *object)
{
	return hook_fail("annotation " HOOK_ANNOTATION " is '%.64s': say device, file or auto",
			 hook_annotation(object, HOOK_ANNOTATION));
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
		  "stage is for podman; mount " SYSGENID_REGISTRY "/NAME/" SYSGENID_REGISTRY_FILE
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

static int add_file(struct json_object *config, struct json_object *mounts)
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
		 "{\"destination\":\"" SYSGENID_DEVICE
		 "\",\"type\":\"bind\",\"source\":\"" SYSGENID_REGISTRY
		 "/%s/" SYSGENID_REGISTRY_FILE
		 "\",\"options\":[\"bind\",\"ro\",\"nosuid\",\"noexec\"]}",
		 id);
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

static int add_counter(struct json_object *config, struct json_object *mounts,
		       struct json_object *devices)
{
	enum wish wish = wish_of(config);
	const char *why;
	dev_t device = 0;
	bool good;

	if (wish == WISH_UNKNOWN)
		return fail_wish(config);
	good = hook_device_is_good(&hook_counter, &device, &why);
	if (wish == WISH_AUTO)
		wish = good ? WISH_DEVICE : WISH_FILE;
	/* The stage create-runtime refuses that: engines show its message, but not this stage's. */
	if (wish == WISH_NOTHING || (wish == WISH_DEVICE && !good))
		return 0;
	/* The container may have the device already, by other means or by an earlier run. */
	if (entry_of(mounts, "destination", SYSGENID_DEVICE) ||
	    entry_of(devices, "path", SYSGENID_DEVICE))
		return 0;
	return wish == WISH_FILE ? add_file(config, mounts)
				 : add_device(config, devices, &hook_counter, device);
}

static bool is_number(struct json_object *entry, const char *key, unsigned int number)
{
	struct json_object *value;

	return json_object_object_get_ex(entry, key, &value) &&
	       json_object_is_type(value, json_type_int) && json_object_get_int64(value) == number;
}

/* Says what is wrong with the view's annotation. Returns whether anything is. */
static bool refuse_view(struct json_object *object)
{
	const char *value = hook_annotation(object, HOOK_ANNOTATION_VIEW);

	return value && strcmp(value, "device") &&
	       hook_fail("annotation " HOOK_ANNOTATION_VIEW " is '%.64s': say device", value);
}

static int add_view(struct json_object *config, struct json_object *mounts,
		    struct json_object *devices)
{
	struct json_object *taken = entry_of(devices, "path", HOOK_VIEW_PATH);
	const char *why;
	dev_t device = 0;

	if (refuse_view(config))
		return 1;
	/* As for the counter, create-runtime refuses a view that is not good. */
	if (!hook_annotation(config, HOOK_ANNOTATION_VIEW) ||
	    !hook_device_is_good(&hook_view, &device, &why))
		return 0;
	if (!taken && !entry_of(mounts, "destination", HOOK_VIEW_PATH))
		return add_device(config, devices, &hook_view, device);
	if (taken && is_number(taken, "major", major(device)) &&
	    is_number(taken, "minor", minor(device)))
		return 0;
	return hook_fail("the container has another " HOOK_VIEW_PATH
			 ", as the hypervisor's, which criu cannot dump: do not give it that "
			 "device, or leave out the annotation " HOOK_ANNOTATION_VIEW);
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

/* runc calls this stage at restore, too. */
int hook_create_runtime(struct json_object *state)
{
	enum wish wish = wish_of(state);
	const char *id = id_of(state), *why;
	dev_t device;
	int error;

	if (!id)
		return 1;
	if (wish == WISH_UNKNOWN)
		return fail_wish(state);
	if (refuse_view(state))
		return 1;
	if ((wish == WISH_DEVICE && !hook_device_is_good(&hook_counter, &device, &why)) ||
	    (hook_annotation(state, HOOK_ANNOTATION_VIEW) &&
	     !hook_device_is_good(&hook_view, &device, &why)))
		return hook_fail("%s", why);
	if (wish != WISH_FILE)
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
