// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include "escape.h"

#include <errno.h>
#include <json_util.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exit_status(int error)
{
	switch (error) {
	case 0:
		return TOOL_OK;
	case -ETIME:
	case -ETIMEDOUT:
		return TOOL_TIMEOUT;
	case -EPERM:
	case -EACCES:
		return TOOL_NO_PERMISSION;
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return TOOL_NO_MODULE;
	default:
		return TOOL_FAILED;
	}
}

void tool_say(const char *format, ...)
{
	char text[4096 + 512], escaped[SYSGENID_ESCAPE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sysgenid_escape(text, escaped);
	fprintf(stderr, "sysgenid: %s\n", escaped);
}

int tool_fail(const char *what, int error, const struct sysgenid_error *words)
{
	char explanation[512];

	sysgenid_explain(error, explanation, sizeof(explanation));
	if (words && words->text[0])
		tool_say("cannot %s: %s (the kernel says: %s)", what, explanation, words->text);
	else
		tool_say("cannot %s: %s", what, explanation);
	return exit_status(error);
}

int tool_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return TOOL_OK;
	tool_say("cannot write the output: %s: make room or give another file", strerror(errno));
	return TOOL_FAILED;
}

int tool_print(const char *text)
{
	fputs(text, stdout);
	return tool_flush();
}

int tool_print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
	return tool_flush();
}

static void add(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) == 0)
		return;
	tool_say("out of memory");
	exit(TOOL_FAILED);
}

/* Checks a JSON value that was just made. */
static struct json_object *made(struct json_object *value)
{
	if (value)
		return value;
	tool_say("out of memory");
	exit(TOOL_FAILED);
}

struct json_object *tool_json_new(void)
{
	return made(json_object_new_object());
}

void tool_json_u32(struct json_object *object, const char *key, uint32_t value)
{
	add(object, key, made(json_object_new_int64(value)));
}

void tool_json_bool(struct json_object *object, const char *key, bool value)
{
	add(object, key, made(json_object_new_boolean(value)));
}

void tool_json_string(struct json_object *object, const char *key, const char *value)
{
	char escaped[SYSGENID_ESCAPE_SIZE];

	/* JSON holds text only. json-c escapes control characters itself. */
	if (!sysgenid_is_utf8(value)) {
		sysgenid_escape(value, escaped);
		value = escaped;
	}
	add(object, key, made(json_object_new_string(value)));
}

void tool_json_null(struct json_object *object, const char *key)
{
	add(object, key, NULL);
}

struct json_object *tool_json_array(struct json_object *object, const char *key)
{
	struct json_object *array = made(json_object_new_array());

	add(object, key, array);
	return array;
}

void tool_json_append(struct json_object *array, struct json_object *object)
{
	if (json_object_array_add(array, object) == 0)
		return;
	tool_say("out of memory");
	exit(TOOL_FAILED);
}

void tool_format_incarnation(const void *incarnation, char text[TOOL_INCARNATION_TEXT])
{
	const unsigned char *bytes = incarnation;

	for (size_t i = 0; i < SYSGENID_INCARNATION_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void tool_json_incarnation(struct json_object *object, const void *incarnation)
{
	char text[TOOL_INCARNATION_TEXT];

	if (!incarnation) {
		tool_json_null(object, "incarnation");
		return;
	}
	tool_format_incarnation(incarnation, text);
	tool_json_string(object, "incarnation", text);
}
