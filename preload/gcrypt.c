// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libgcrypt: bytes are added to the pool, or, where the generator is the DRBG of SP 800-90A, that is made anew.
 * Nonces come from a hash chain that nothing public renews: after a change the generator proper is asked for them.
 */
#include "preload.h"

#define WEAK_RANDOM 0	  /* GCRY_WEAK_RANDOM */
#define DRBG_REINIT 74	  /* GCRYCTL_DRBG_REINIT */
#define BEST_QUALITY 100  /* of gcry_random_add_bytes() */
#define NOT_SUPPORTED 60u /* GPG_ERR_NOT_SUPPORTED */

typedef void randomize_fn(void *to, size_t size, int level);
typedef void *allocate_fn(size_t size, int level);
typedef void nonce_fn(void *to, size_t size);
typedef void mpi_fn(void *number, unsigned int bits, int level);
typedef unsigned int genkey_fn(void **result, void *parameters);
typedef unsigned int operate_fn(void **result, void *data, void *key);
INTERPOSED randomize_fn gcry_randomize;
INTERPOSED allocate_fn gcry_random_bytes, gcry_random_bytes_secure;
INTERPOSED nonce_fn gcry_create_nonce;
INTERPOSED mpi_fn gcry_mpi_randomize;
INTERPOSED genkey_fn gcry_pk_genkey;
INTERPOSED operate_fn gcry_pk_sign, gcry_pk_encrypt;

static struct preload_state state; /* there is one generator, with a lock of its own */

static void add(const struct sysgenid_fresh *fresh, void *caller)
{
	NEXT(unsigned int(const void *, size_t, int), gcry_random_add_bytes);

	if (next)
		next(fresh, sizeof(*fresh), BEST_QUALITY);
}

/* Says "not supported", and does nothing, where the generator is another one. */
static void make_anew(void *caller)
{
	NEXT(unsigned int(int, ...), gcry_control);

	if (next)
		next(DRBG_REINIT, NULL, NULL, 0, NULL);
}

static void reseed(const struct sysgenid_fresh *fresh, void *caller, void *arg)
{
	(void)arg;
	add(fresh, caller);
	make_anew(caller);
}

static void renew(void *caller, const char *function)
{
	if (!preload_renew(&state, reseed, caller, NULL))
		preload_refuse(function);
}

static void randomize(void *to, size_t size, int level, void *caller, const char *function)
{
	NEXT(randomize_fn, gcry_randomize);

	renew(caller, function);
	if (next)
		next(to, size, level);
	else
		preload_must_fill(to, size, function);
}

void gcry_randomize(void *to, size_t size, int level)
{
	randomize(to, size, level, CALLER, __func__);
}

void gcry_create_nonce(void *to, size_t size)
{
	void *caller = CALLER;
	NEXT(nonce_fn, gcry_create_nonce);

	if (preload_changed_since_start() || !next)
		randomize(to, size, WEAK_RANDOM, caller, __func__);
	else
		next(to, size);
}

void gcry_mpi_randomize(void *number, unsigned int bits, int level)
{
	void *caller = CALLER;
	NEXT(mpi_fn, gcry_mpi_randomize);

	renew(caller, __func__);
	if (next)
		next(number, bits, level);
}

/* What cannot be done without the library fails, where it is not there, as with an old one. */
#define ALLOCATE(function)                                                                         \
	void *function(size_t size, int level)                                                     \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(allocate_fn, function);                                                       \
                                                                                                   \
		renew(caller, __func__);                                                           \
		return next ? next(size, level) : NULL;                                            \
	}

#define OPERATE(function)                                                                          \
	unsigned int function(void **result, void *data, void *key)                                \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(operate_fn, function);                                                        \
                                                                                                   \
		renew(caller, __func__);                                                           \
		return next ? next(result, data, key) : NOT_SUPPORTED;                             \
	}

ALLOCATE(gcry_random_bytes)
ALLOCATE(gcry_random_bytes_secure)
OPERATE(gcry_pk_sign)
OPERATE(gcry_pk_encrypt)

unsigned int gcry_pk_genkey(void **result, void *parameters)
{
	void *caller = CALLER;
	NEXT(genkey_fn, gcry_pk_genkey);

	renew(caller, __func__);
	return next ? next(result, parameters) : NOT_SUPPORTED;
}
