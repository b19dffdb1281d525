// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "renew.h"

#include <errno.h>
#include <string.h>

void renew_note(const struct renew_counter *counter, struct renew_state *state, uint32_t generation,
		bool reseeded)
{
	if (reseeded && renew_is_reseeded(counter, generation))
		atomic_store_explicit(&state->fit, generation, memory_order_release);
	else
		atomic_store_explicit(&state->early, generation, memory_order_relaxed);
}

static const char *renew_in(struct renew_counter *counter, struct renew_state *state,
			    uint32_t generation, bool reseeded, renew_feed_fn *feed, void *arg)
{
	struct renew_bytes bytes;
	const char *why;

	if (renew_bytes_draw(&bytes, generation))
		why = feed(&bytes, arg);
	else
		why = "the kernel gives no random bytes, neither by getrandom nor from "
		      "/dev/urandom";
	explicit_bzero(&bytes, sizeof(bytes));
	if (!why)
		renew_note(counter, state, generation, reseeded);
	/* cppcheck-suppress returnDanglingLifetime ; it is a constant text */
	return why;
}

const char *renew(struct renew_counter *counter, struct renew_state *state, bool strict,
		  renew_feed_fn *feed, void *arg)
{
	int saved = errno;
	uint32_t generation;
	const char *why;
	bool reseeded;

	if (!counter->handle)
		return strict ? "there is no generation counter, and \"strict\" is set" : NULL;
	reseeded = renew_wait(counter, &generation);
	if (!reseeded && strict)
		return "the kernel's generator is not reseeded for this generation, and \"strict\" "
		       "is set";
	/*
	 * One such renewal is enough until the kernel's generator is reseeded, whenever that is.
	 * While the word is behind the hypervisor it may be one of before the restore.
	 */
	if (!reseeded && atomic_load_explicit(&state->early, memory_order_relaxed) == generation &&
	    renew_is_current(&counter->mapped, generation))
		return NULL;
	why = renew_in(counter, state, generation, reseeded, feed, arg);
	errno = saved;
	return why;
}
