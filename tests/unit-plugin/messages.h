/* SPDX-License-Identifier: GPL-2.0-only */
/* Collects the plugin's messages in place of criu's log. One file of each program includes this. */
#ifndef TEST_MESSAGES_H
#define TEST_MESSAGES_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char messages[8192];  /* since forget_messages() */
static int errors, warnings; /* their numbers since forget_messages() */

void print_on_level(unsigned int level, const char *format, ...);

void print_on_level(unsigned int level, const char *format, ...)
{
	size_t used = strlen(messages);
	va_list args;

	errors += level == 1;
	warnings += level == 2;
	va_start(args, format);
	vsnprintf(messages + used, sizeof(messages) - used, format, args);
	va_end(args);
}

static inline void forget_messages(void)
{
	errors = warnings = 0;
	messages[0] = '\0';
}

#endif /* TEST_MESSAGES_H */
