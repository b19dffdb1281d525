// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "criu_abi.h"
#include "log.h"

void sysgenid_log(enum sysgenid_log_level level, const char *format, ...)
{
	int saved = errno;
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (print_on_level)
		print_on_level(level, "sysgenid: %s\n", text);
	else
		fprintf(stderr, "sysgenid: %s\n", text);
	errno = saved;
}
