/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks that print TAP. The name of a check states the promise that it holds the driver to.
 */
#ifndef TAP_H
#define TAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TAP_PRINTF(text, rest) __attribute__((format(printf, text, rest)))

bool tap_ok(bool good, const char *name, ...) TAP_PRINTF(2, 3);
bool tap_is(long long got, long long expected, const char *name, ...) TAP_PRINTF(3, 4);
bool tap_failed(long long result, int got, int expected, const char *name, ...) TAP_PRINTF(4, 5);
void tap_diag(const char *format, ...) TAP_PRINTF(1, 2);
void tap_bail(const char *format, ...) TAP_PRINTF(1, 2) __attribute__((noreturn));
int tap_done(void); /* prints the plan, returns the exit status */

/* The call must return -1 with this errno. */
#define fails(call, error, ...)                                                                    \
	({                                                                                         \
		errno = 0;                                                                         \
		long long result_ = (long long)(call);                                             \
		tap_failed(result_, errno, error, __VA_ARGS__);                                    \
	})

/* A condition that a test needs and does not check. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			tap_bail("%s:%d: %s: %s", __FILE__, __LINE__, #condition,                  \
				 strerror(errno));                                                 \
	} while (0)

#endif /* TAP_H */
