// SPDX-License-Identifier: GPL-2.0-only
#include "hook.h"

#include <stdarg.h>
#include <stdio.h>

#include <escape.h>

int hook_fail(const char *format, ...)
{
	char text[512], escaped[SYSGENID_ESCAPE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Parts of the message come from the input. */
	sysgenid_escape(text, escaped);
	fprintf(stderr, "sysgenid-hook: %s\n", escaped);
	return 1;
}
