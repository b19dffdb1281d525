// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "criu_abi.h"
#include "log.h"

/* People and runtimes look for the words "Error" and "Warn" in criu's log. */
static void make_place(char *place, size_t size, enum sysgenid_log_level level, const char *file,
		       int line)
{
	place[0] = '\0';
	if (level <= SYSGENID_LOG_WARN)
		snprintf(place, size,
			 "%s (%s:%d): ", level == SYSGENID_LOG_WARN ? "Warn " : "Error", file,
			 line);
}

void sysgenid_log_at(enum sysgenid_log_level level, const char *file, int line, const char *format,
		     ...)
{
	int saved = errno;
	char place[64], text[2048];
	va_list args;

	make_place(place, sizeof(place), level, file, line);

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (print_on_level)
		print_on_level(level, "%ssysgenid: %s\n", place, text);
	else
		fprintf(stderr, "%ssysgenid: %s\n", place, text);
	errno = saved;
}
