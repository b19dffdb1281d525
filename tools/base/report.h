/* SPDX-License-Identifier: GPL-2.0-only */
/* What the command sysgenid(1) says, and its exit status. */
#ifndef SYSGENID_REPORT_H
#define SYSGENID_REPORT_H

#include "libsysgenid.h"

#include <json_object.h>

enum tool_exit {
	TOOL_OK = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_TIMEOUT = 3,
	TOOL_NO_PERMISSION = 4,
	TOOL_NO_MODULE = 5,
	TOOL_PROBLEMS = 6, /* doctor or inspect found problems */
};

/* Prints one line on stderr, "sysgenid: ...". Escapes what is not printable. */
void tool_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Says on stderr, in one line, what could not be done, why, and what to do about it. @words are the
 * kernel's own, or NULL. Returns the exit status that belongs to @error.
 */
int tool_fail(const char *what, int error, const struct sysgenid_error *words);

/* An incarnation as text: hexadecimal digits. */
#define TOOL_INCARNATION_TEXT (2 * SYSGENID_INCARNATION_SIZE + 1)
void tool_format_incarnation(const void *incarnation, char text[TOOL_INCARNATION_TEXT]);

/* Flushes stdout. Returns an exit status: whether everything could be written. */
int tool_flush(void);

/* Prints @text. Returns an exit status. */
int tool_print(const char *text);

/* Prints @object, in one line, and frees it. Returns an exit status. */
int tool_print_json(struct json_object *object);

struct json_object *tool_json_new(void);
void tool_json_u32(struct json_object *object, const char *key, uint32_t value);
void tool_json_bool(struct json_object *object, const char *key, bool value);
void tool_json_string(struct json_object *object, const char *key, const char *value);
/* null without @incarnation, which has SYSGENID_INCARNATION_SIZE bytes */
void tool_json_incarnation(struct json_object *object, const void *incarnation);
void tool_json_null(struct json_object *object, const char *key);
/* An empty array, which belongs to @object */
struct json_object *tool_json_array(struct json_object *object, const char *key);
/* @object belongs to @array then. */
void tool_json_append(struct json_object *array, struct json_object *object);

#endif
