/* SPDX-License-Identifier: GPL-2.0-only */
/* What a runtime hands to its hooks. */
#ifndef SYSGENID_HOOK_INPUT_H
#define SYSGENID_HOOK_INPUT_H

#include <json_object.h>
#include <stdbool.h>

static inline void hook_put(struct json_object **object)
{
	json_object_put(*object);
}

#define cleanup_json __attribute__((cleanup(hook_put)))

/*
 * Reads one JSON object from @fd, with limits on size, depth and time. Returns NULL after saying
 * what is wrong.
 */
struct json_object *hook_read_object(int fd, const char *what);

/* A string in an object, or NULL. */
const char *hook_string(struct json_object *object, const char *key);

/* An annotation of a state or of a configuration, or NULL. */
const char *hook_annotation(struct json_object *object, const char *key);

/*
 * Returns whether @name can be the name of a folder in the registry. Container IDs come from
 * outside.
 */
bool hook_name_is_good(const char *name);

#endif
