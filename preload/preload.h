/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libsysgenid-preload.so have in common: one file for each library, with the
 * functions that are put in front of that library's own.
 *
 * Each of these functions does what its caller relies on, or it fails as the library's own function
 * fails, or it ends the program. It never returns with bytes of an old generation, or with a buffer
 * that nobody has filled.
 */
#ifndef SYSGENID_PRELOAD_H
#define SYSGENID_PRELOAD_H

#include "renew.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All is compiled with -fvisibility=hidden: these functions alone are seen. */
#define INTERPOSED __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

/*
 * Feeds @bytes into the library's generator, by its public functions. @caller finds them. Returns
 * NULL, or why the generator is not renewed now.
 */
typedef const char *preload_feed_fn(const struct renew_bytes *bytes, void *caller, void *arg);

/* Of copies of one library that only some callers have, as plugins that bring a library along. */
#define PRELOAD_COPIES 16

/* When the generator of a library was renewed, for each copy of the library in the program. */
struct preload_states {
	struct renew_state shared; /* of the copy that all callers have */
	struct {
		_Atomic(const void *) copy; /* whose state it is; NULL: nobody's yet */
		struct renew_state state;
	} own[PRELOAD_COPIES];
};

/* NULL: there are more copies than places. Such a copy is renewed at each draw. */
struct renew_state *preload_state_of_copy(struct preload_states *states, const void *copy);

/* @copy: which NEXT() has found. */
static inline struct renew_state *preload_state(struct preload_states *states, const void *copy)
{
	return __builtin_expect(!copy, 1) ? &states->shared : preload_state_of_copy(states, copy);
}

enum preload_verdict {
	PRELOAD_READY,	 /* the generator may be used */
	PRELOAD_KERNEL,	 /* the kernel's bytes take its place */
	PRELOAD_REFUSED, /* neither may be used */
};

/*
 * Before each use of @state: renews it if the generation has changed; NULL: in any case. @arg is
 * for @feed; NULL: no library has the function, and @state stays as it is. Signals and cancellation
 * wait while @feed runs. What draws meanwhile in the same thread, as an allocator may, gets the
 * kernel's bytes.
 */
enum preload_verdict preload_renew(struct renew_state *state, preload_feed_fn *feed, void *caller,
				   void *arg);

/* Is @state being renewed by this thread? */
bool preload_is_being_renewed(const struct renew_state *state);

/* Has the generation changed since this program was started? */
bool preload_changed_since_start(void);

/*
 * Does this thread open the counter right now? It then has none yet, and must not wait for itself.
 */
bool preload_is_starting(void);

/* Between the two no signal handler runs in this thread, and the thread is not cancelled. */
struct preload_quiet {
	sigset_t signals;
	int cancel;
};
void preload_be_quiet(struct preload_quiet *before);
void preload_end_quiet(const struct preload_quiet *before);

/*
 * For functions that cannot fail: says in one line that @function cannot do its work, and @why, and
 * ends the program.
 */
_Noreturn void preload_refuse(const char *function, const char *why);

/*
 * preload_renew() for functions that cannot fail. Returns whether the generator may be used. False:
 * the kernel's bytes take its place.
 */
bool preload_must_renew(struct renew_state *state, preload_feed_fn *feed, void *caller, void *arg,
			const char *function);

/* renew_kernel_bytes() for functions that cannot fail. */
void preload_must_fill(void *to, size_t size, const char *function);

struct preload_found;

/* A function of the library that would have been called without us. */
struct preload_symbol {
	const char *name;
	_Atomic(void *) found;		       /* for all callers */
	_Atomic(struct preload_found *) local; /* for those in one library; see symbols.c */
};

struct preload_target {
	void *address; /* NULL: there is none */
	/*
	 * An address that stands for the copy of the library that it is in; NULL: all callers would
	 * have called this one.
	 */
	const void *copy;
};

/*
 * Returns the function that @caller would have called without us. Keeps errno. The result is in
 * registers, not in memory: with a variable of theirs elsewhere, callers could not end by a jump to
 * the function, which may end by a jump to one of ours. Then our caller is the caller's caller.
 */
struct preload_target preload_next(struct preload_symbol *symbol, void *caller);

/* Looks for all of them, before there are threads and signals. */
void preload_find_all(void);

/* Returns whether @function is one of libc's own. */
bool preload_is_of_libc(void *function);

/*
 * NEXT(type, name): variables "next", of the function's type, and "copy", with what preload_next()
 * finds.
 */
#define NEXT(type, function)                                                                       \
	static struct preload_symbol function##_symbol = { .name = #function };                    \
	static struct preload_symbol *function##_entry                                             \
		__attribute__((section("preload_symbols"), used)) = &function##_symbol;            \
	const struct preload_target function##_target = preload_next(&function##_symbol, caller);  \
	__attribute__((unused)) const void *copy = function##_target.copy;                         \
	__typeof__(type) *next = (__typeof__(type) *)function##_target.address

/* The reasons of functions of which there is nothing behind us. */
#define NO_FUNCTION "the library has no function of this name that can be called"
#define BUSY "its generator is being renewed by the same thread"
#define NO_RENEWAL "the library has no function to renew its generator with"
#define RENEWAL_FAILED "the library could not renew its generator"

#endif /* SYSGENID_PRELOAD_H */
