/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test Anything Protocol for C test programs. Names state what is promised.
 *
 *	int main(void)
 *	{
 *		ok(2 > 1, "two is more than one");
 *		return tap_done();
 *	}
 */
#ifndef SYSGENID_TAP_H
#define SYSGENID_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Weak, so that all files of a program share one. */
__attribute__((weak)) int tap_count, tap_failed;

__attribute__((format(printf, 1, 2))) static inline void diag(const char *format, ...)
{
	va_list arguments;

	fputs("# ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

/* Flushes, so that a child does not write it again and a crash does not swallow it. */
static inline bool ok(bool good, const char *name)
{
	tap_failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, name);
	fflush(stdout);
	return good;
}

static inline bool is_int(long long got, long long expected, const char *name)
{
	if (ok(got == expected, name))
		return true;
	diag("got:      %lld", got);
	diag("expected: %lld", expected);
	return false;
}

static inline bool is_string(const char *got, const char *expected, const char *name)
{
	if (ok(!strcmp(got, expected), name))
		return true;
	diag("got:      %s", got);
	diag("expected: %s", expected);
	return false;
}

static inline bool contains(const char *got, const char *part, const char *name)
{
	if (ok(strstr(got, part), name))
		return true;
	diag("got:          %s", got);
	diag("does not say: %s", part);
	return false;
}

static inline void skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
	fflush(stdout);
}

/* A condition that the test needs and does not check. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("Bail out! %s:%d: %s: %m\n", __FILE__, __LINE__, #condition);       \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif /* SYSGENID_TAP_H */
