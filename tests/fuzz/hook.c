// SPDX-License-Identifier: GPL-2.0-only
/* The state or configuration that a container runtime hands to its hooks. */
#include "hook.h"
#include "input.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "fuzz.h"

/* The real function prints. This one also finds a format that does not fit its arguments. */
int hook_fail(const char *format, ...)
{
	char text[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return 1;
}

static void check_name(const char *name)
{
	if (!name || !hook_name_is_good(name))
		return;
	/* The ID becomes the name of a folder in the registry, and a word in a log. */
	must(*name && *name != '.' && strlen(name) <= HOOK_NAME_MAX);
	for (const char *at = name; *at; at++)
		must(*at > ' ' && *at < 127 && *at != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_file(data, size);
	struct json_object *object = hook_read_object(fd, "a container's state");
	char *text = fuzz_text(data, size);

	if (object) {
		must(json_object_is_type(object, json_type_object));
		check_name(hook_string(object, "id"));
		check_name(hook_annotation(object, HOOK_ANNOTATION));
		check_name(hook_annotation(object, HOOK_ANNOTATION_VIEW));
		check_name(hook_annotation(object, HOOK_ANNOTATION_WAIT));
		json_object_put(object);
	}
	check_name(text);
	free(text);
	close(fd);
	return 0;
}
