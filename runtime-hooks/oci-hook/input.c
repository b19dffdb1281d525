// SPDX-License-Identifier: GPL-2.0-only
/* Reads a runtime's input to its hooks, which may be broken, too large, or never end. */
#include "input.h"

#include <ctype.h>
#include <errno.h>
#include <json_tokener.h>
#include <poll.h>
#include <string.h>

#include <cleanup.h>
#include <clock.h>

#include "hook.h"

#define LIMIT_BYTES (4 << 20) /* a configuration with every system call named is 60 kB */
#define LIMIT_DEPTH 32
#define LIMIT_MS 5000

/* Reads until the end of file. Returns the number of bytes, or -errno. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	const int64_t end = sysgenid_now_ms() + LIMIT_MS;
	size_t used = 0;

	while (used < size) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };
		int64_t left = end - sysgenid_now_ms();
		int ready = poll(&readable, 1, left < 0 ? 0 : (int)left);
		ssize_t n;

		if (ready == 0)
			return -ETIME;
		n = ready < 0 ? -1 : read(fd, buffer + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)used;
		used += (size_t)n;
	}
	return -EFBIG;
}

static struct json_object *parse(const char *text, size_t size, const char *what)
{
	struct json_tokener *tokener = json_tokener_new_ex(LIMIT_DEPTH);
	struct json_object *object;

	if (!tokener) {
		hook_fail("out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)size);
	if (!object || json_tokener_get_error(tokener) != json_tokener_success) {
		hook_fail("standard input is not %s: %s at byte %zu: this program is for container "
			  "runtimes to start",
			  what, json_tokener_error_desc(json_tokener_get_error(tokener)),
			  json_tokener_get_parse_end(tokener));
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

struct json_object *hook_read_object(int fd, const char *what)
{
	cleanup_free char *text = malloc(LIMIT_BYTES);
	struct json_object *object;
	ssize_t size;

	if (!text) {
		hook_fail("out of memory");
		return NULL;
	}
	size = read_all(fd, text, LIMIT_BYTES);
	if (size == -EFBIG)
		hook_fail("standard input is larger than %d bytes, which is not %s",
			  LIMIT_BYTES - 1, what);
	else if (size == -ETIME)
		hook_fail("standard input did not end within %d ms: the runtime must close it",
			  LIMIT_MS);
	else if (size < 0)
		hook_fail("cannot read standard input: %s", strerror((int)-size));
	if (size < 0)
		return NULL;
	/* Drop the final newline that people add: the parser accepts nothing after the object. */
	while (size > 0 && isspace((unsigned char)text[size - 1]))
		size--;
	object = parse(text, (size_t)size, what);
	if (object && !json_object_is_type(object, json_type_object)) {
		hook_fail("standard input is not %s: it is not a JSON object", what);
		json_object_put(object);
		return NULL;
	}
	return object;
}

const char *hook_string(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	/* Refuse a string with a zero byte inside: C code would see only its beginning. */
	return strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value)
		       ? json_object_get_string(value)
		       : NULL;
}

const char *hook_annotation(struct json_object *object, const char *key)
{
	struct json_object *annotations;

	if (!json_object_object_get_ex(object, "annotations", &annotations))
		return NULL;
	return hook_string(annotations, key);
}

bool hook_name_is_good(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > HOOK_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.+-", name[i]))
			return false;
	return true;
}
