// SPDX-License-Identifier: GPL-2.0-only
/* The hook and the CDI specification, by which containers get the counter. */
#include <json_object.h>
#include <json_util.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "programs.h"
#include "../base/finding.h"

#define HOOKS_DIR "/usr/share/containers/oci/hooks.d"

static bool is_string(struct json_object *object, const char *key, struct json_object **value)
{
	return object && json_object_object_get_ex(object, key, value) &&
	       json_object_is_type(*value, json_type_string);
}

/* The program that a hooks.d file names. */
static bool hook_of(const char *path, char *hook, size_t size)
{
	struct json_object *file = json_object_from_file(path), *value = NULL;
	bool found = file && json_object_object_get_ex(file, "hook", &value) &&
		     is_string(value, "path", &value) &&
		     snprintf(hook, size, "%s", json_object_get_string(value)) < (int)size;

	json_object_put(file);
	return found;
}

/* Lists the devices of a specification: "=device, =file". Returns false if there are none. */
static bool list_cdi(struct json_object *file, char *names, size_t size)
{
	struct json_object *value, *devices;
	size_t used = 0;

	if (!is_string(file, "kind", &value) ||
	    strcmp(json_object_get_string(value), "sysgenid.dev/counter") ||
	    !json_object_object_get_ex(file, "devices", &devices) ||
	    !json_object_is_type(devices, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(devices) && used < size; i++)
		if (is_string(json_object_array_get_idx(devices, i), "name", &value))
			used += snprintf(names + used, size - used, "%s=%s", used ? ", " : "",
					 json_object_get_string(value));
	if (used >= size)
		strcpy(names + size - sizeof(" ..."), " ...");
	return used;
}

static void check_cdi(void)
{
	static const char *const places[] = { "/etc/cdi/sysgenid.json", "/run/cdi/sysgenid.json" };
	static const char advice[] =
		"install the package sysgenid-container-hooks (or 'make install')";

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct json_object *file;
		char names[256];

		if (!file_is_there(places[i]))
			continue;
		file = json_object_from_file(places[i]);
		if (list_cdi(file, names, sizeof(names)))
			finding_add(FINDING_GOOD, "cdi", NULL, "%s: sysgenid.dev/counter%s",
				    places[i], names);
		else
			finding_add(FINDING_PROBLEM, "cdi", advice,
				    "%s is damaged, or cannot be read", places[i]);
		json_object_put(file);
		return;
	}
	finding_add(FINDING_NOTE, "cdi", advice, "no specification for sysgenid.dev/counter");
}

void doctor_check_hook(void)
{
	char hook[512];

	if (!file_is_there(HOOKS_DIR "/10-sysgenid-precreate.json"))
		finding_add(FINDING_NOTE, "hook",
			    "install the package sysgenid-container-hooks (or 'make install')",
			    "no hook in " HOOKS_DIR
			    ": the annotation dev.sysgenid.counter does nothing");
	else if (!hook_of(HOOKS_DIR "/10-sysgenid-precreate.json", hook, sizeof(hook)) ||
		 access(hook, X_OK))
		finding_add(FINDING_PROBLEM, "hook",
			    "install it anew: containers that ask for it "
			    "cannot be started",
			    HOOKS_DIR "/10-sysgenid-*.json cannot be read, or name a program that "
				      "cannot be run");
	else
		finding_add(FINDING_GOOD, "hook", NULL, "%s", hook);
	check_cdi();
}
