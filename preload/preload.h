/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libsysgenid-preload.so have in common: one file for each library, with the functions that are put
 * in front of that library's own.
 */
#ifndef SYSGENID_PRELOAD_H
#define SYSGENID_PRELOAD_H

#include "counter.h" /* the OpenSSL provider's */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All is compiled with -fvisibility=hidden: these functions alone are seen. */
#define INTERPOSED __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

/*
 * How far the state of a library (or of one of its threads) has got. Atomic, since states are shared by threads: two
 * that see a change at once renew twice.
 */
struct preload_state {
	/*
	 * The generation in which the state was renewed, stored with release ordering after that. 0 at
	 * first: a state that nobody knows is renewed, unless nothing has ever happened.
	 */
	_Atomic uint32_t fit;
	/* The generation it was renewed in before the kernel's own generator was; 0: none. */
	_Atomic uint32_t unsettled;
};

/* Feeds @fresh into the library's generator, by its public functions. @caller finds them. */
typedef void preload_renew_fn(const struct sysgenid_fresh *fresh, void *caller, void *arg);

/*
 * Before each use of @state: renews it if the generation has changed. False: there is no counter or the kernel's
 * generator is late, and the user wants no bytes then (SYSGENID_PRELOAD=strict).
 */
bool preload_renew(struct preload_state *state, preload_renew_fn *renew, void *caller, void *arg);

/* Has the generation changed since this program was started? */
bool preload_changed_since_start(void);

/* The generation now; 0 without a counter. */
uint32_t preload_generation(void);

/* For functions that cannot fail, when preload_renew() says false: one line, and the end. */
_Noreturn void preload_refuse(const char *function);

/* Straight from the kernel, by system call: all or nothing. */
bool preload_kernel_bytes(void *to, size_t size);

/* The same for those that cannot fail. */
void preload_must_fill(void *to, size_t size, const char *function);

struct preload_found;

/* A function of the library that would have been called without us. */
struct preload_symbol {
	const char *name;
	_Atomic(void *) found;		       /* for all callers */
	_Atomic(struct preload_found *) local; /* for those in one library; see symbols.c */
};

/* What @caller would have got; NULL: there is no such function. */
void *preload_next(struct preload_symbol *symbol, void *caller);

/* NEXT(name): a variable of the function's own type with what preload_next() finds. */
#define NEXT(type, function)                                                                       \
	static struct preload_symbol function##_symbol = { .name = #function };                    \
	__typeof__(type) *next = (__typeof__(type) *)preload_next(&function##_symbol, caller)

#endif /* SYSGENID_PRELOAD_H */
