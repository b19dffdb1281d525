/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a generator's state is renewed, and when it may be used. For the OpenSSL provider and the
 * preload library.
 */
#ifndef SYSGENID_RENEW_H
#define SYSGENID_RENEW_H

#include "bytes.h"
#include "generation.h"

/*
 * The generation for which the state of one generator was renewed. Threads share this struct: two
 * threads that see a change at the same time renew the state twice.
 */
struct renew_state {
	/*
	 * The generation in which the state was renewed, or RENEW_NEVER. Stored with release
	 * ordering after the renewal, so that who reads it finds the state renewed. 0 at first: a
	 * state that nobody knows is renewed, unless the generation is 0, too.
	 */
	_Atomic uint64_t fit;
	/* The same of a renewal before the kernel's generator was reseeded. */
	_Atomic uint64_t early;
};

/* No generation: these have 32 bits. */
#define RENEW_NEVER (UINT64_C(1) << 32)

static inline bool renew_is_fit(const struct renew_state *state, const struct sysgenid *mapped)
{
	return __builtin_expect(
		renew_is_current(mapped, atomic_load_explicit(&state->fit, memory_order_acquire)),
		1);
}

/* Feeds @bytes into the generator. Returns NULL, or why the generator is not renewed now. */
typedef const char *renew_feed_fn(const struct renew_bytes *bytes, void *arg);

/*
 * The slow path: @state is not fit for the current generation. Returns NULL if the generator may be
 * used now, or why it may not. A missing counter, or a kernel that does not say that its generator
 * is reseeded, is a reason only if @strict: otherwise the generator is as good as without this
 * library. A renewal that fails is always a reason. Keeps errno.
 */
const char *renew(struct renew_counter *counter, struct renew_state *state, bool strict,
		  renew_feed_fn *feed, void *arg);

/*
 * Notes that the state was renewed in @generation, by bytes that were drawn when the kernel's
 * generator was @reseeded. Checks the generation again: it may have moved after that.
 */
void renew_note(const struct renew_counter *counter, struct renew_state *state, uint32_t generation,
		bool reseeded);

#endif /* SYSGENID_RENEW_H */
