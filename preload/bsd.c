// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * arc4random. libbsd's keeps a state, and is stirred. libc's own (from glibc 2.36 on) keeps none
 * beyond getrandom's, and is called as ever.
 */
#include "preload.h"

#include <string.h>

typedef uint32_t one_fn(void);
typedef void buf_fn(void *to, size_t size);
typedef uint32_t uniform_fn(uint32_t bound);
INTERPOSED one_fn arc4random;
INTERPOSED buf_fn arc4random_buf;
INTERPOSED uniform_fn arc4random_uniform;

static struct preload_states states; /* each key has one generator, with a lock of its own */

/* It takes 40 bytes for a new key and nonce: those of the kernel, which come first. */
static bool add(const struct renew_bytes *bytes, void *caller)
{
	NEXT(void(unsigned char *, int), arc4random_addrandom);
	unsigned char key[sizeof(bytes->kernel)];

	if (!next)
		return false;
	memcpy(key, bytes->kernel, sizeof(key));
	next(key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return true;
}

static bool stir(void *caller)
{
	NEXT(void(void), arc4random_stir);

	if (next)
		next();
	return next;
}

/* @generator: the function that will be called. */
static const char *feed(const struct renew_bytes *bytes, void *caller, void *generator)
{
	bool added, stirred;

	if (preload_is_of_libc(generator))
		return NULL;
	added = add(bytes, caller);
	stirred = stir(caller);
	return added || stirred ? NULL : NO_RENEWAL;
}

uint32_t arc4random(void)
{
	void *caller = CALLER;
	NEXT(one_fn, arc4random);
	uint32_t number;

	if (preload_must_renew(preload_state(&states, copy), feed, caller, (void *)next, __func__))
		return next();
	preload_must_fill(&number, sizeof(number), __func__);
	return number;
}

void arc4random_buf(void *to, size_t size)
{
	void *caller = CALLER;
	NEXT(buf_fn, arc4random_buf);

	if (preload_must_renew(preload_state(&states, copy), feed, caller, (void *)next, __func__))
		next(to, size);
	else
		preload_must_fill(to, size, __func__);
}

uint32_t arc4random_uniform(uint32_t bound)
{
	void *caller = CALLER;
	NEXT(uniform_fn, arc4random_uniform);
	/*
	 * Numbers below this are 2^32 modulo the bound: without them all results are equally
	 * likely.
	 */
	const uint32_t least = bound > 1 ? -bound % bound : 0;
	uint32_t number;

	if (preload_must_renew(preload_state(&states, copy), feed, caller, (void *)next, __func__))
		return next(bound);
	do
		preload_must_fill(&number, sizeof(number), __func__);
	while (number < least);
	return bound > 1 ? number % bound : 0;
}
