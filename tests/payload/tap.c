// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static int count, failed;

static bool result(bool good, const char *name, va_list args)
{
	printf("%sok %d - ", good ? "" : "not ", ++count);
	vprintf(name, args);
	putchar('\n');
	failed += !good;
	fflush(stdout);
	return good;
}

bool tap_ok(bool good, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	result(good, name, args);
	va_end(args);
	return good;
}

bool tap_is(long long got, long long expected, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	result(got == expected, name, args);
	va_end(args);
	if (got != expected)
		tap_diag("got %lld, expected %lld", got, expected);
	return got == expected;
}

bool tap_failed(long long ret, int got, int expected, const char *name, ...)
{
	bool good = ret == -1 && got == expected;
	va_list args;

	va_start(args, name);
	result(good, name, args);
	va_end(args);
	if (!good)
		tap_diag("result %lld, error %s, expected -1 and %s", ret,
			 ret == -1 ? strerrorname_np(got) : "none", strerrorname_np(expected));
	return good;
}

void tap_diag(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
}

void tap_bail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("Bail out! ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
	_Exit(255);
}

int tap_done(void)
{
	printf("1..%d\n", count);
	fflush(stdout);
	return failed != 0;
}
