/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls all functions of the preload library, as programs do. */
#ifndef TEST_CALLS_H
#define TEST_CALLS_H

#include <signal.h>
#include <stddef.h>

/*
 * How a call ends: the caller has got bytes or a result; it was told that there are none; it was
 * told what is not true; and as the status of a child: the program was ended.
 */
enum { DONE, REFUSED, WRONG, ABORTS = 128 + SIGABRT };

struct function {
	const char *name;
	int (*call)(void);
	int without;	     /* how it ends where the library lacks it */
	int unrenewed;	     /* how it ends where the library cannot be renewed */
	const char *renewer; /* functions that renew the library; NULL: it has none */
};

extern const struct function functions[];
extern const size_t n_functions;
extern unsigned char drawn[32]; /* by the last call */

int call_rand_bytes(void);
int call_arc4random_buf(void);
int call_nonce(void);
int call_pk_sign(void);

#endif /* TEST_CALLS_H */
