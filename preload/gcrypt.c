// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libgcrypt: bytes are added to the pool, or, where the generator is the DRBG of SP 800-90A, that
 * is made anew. Nonces come from a hash chain that nothing public renews: after a change the
 * generator proper is asked for them.
 */
#include "preload.h"

#define WEAK_RANDOM 0	     /* GCRY_WEAK_RANDOM */
#define DRBG_REINIT 74	     /* GCRYCTL_DRBG_REINIT */
#define BEST_QUALITY 100     /* of gcry_random_add_bytes() */
#define CODE_MASK 0xffffu    /* GPG_ERR_CODE_MASK */
#define NOT_SUPPORTED 60u    /* GPG_ERR_NOT_SUPPORTED */
#define NOT_OPERATIONAL 176u /* GPG_ERR_NOT_OPERATIONAL */

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

static struct preload_states states; /* each copy has one generator, with a lock of its own */

static const char *add(const struct renew_bytes *bytes, void *caller)
{
	NEXT(unsigned int(const void *, size_t, int), gcry_random_add_bytes);

	if (!next)
		return NO_RENEWAL;
	return next(bytes, sizeof(*bytes), BEST_QUALITY) ? RENEWAL_FAILED : NULL;
}

/* If the generator is another one, this call says "not supported" and does nothing. */
static const char *make_anew(void *caller)
{
	NEXT(unsigned int(int, ...), gcry_control);
	unsigned int code;

	if (!next)
		return NO_RENEWAL;
	code = next(DRBG_REINIT, NULL, NULL, 0, NULL) & CODE_MASK;
	return code && code != NOT_SUPPORTED ? RENEWAL_FAILED : NULL;
}

static const char *feed(const struct renew_bytes *bytes, void *caller, void *generator)
{
	const char *why = add(bytes, caller);

	(void)generator;
	return why ? why : make_anew(caller);
}

static bool must_renew(void *generator, const void *copy, void *caller, const char *function)
{
	return preload_must_renew(preload_state(&states, copy), feed, caller, generator, function);
}

static void randomize(void *to, size_t size, int level, void *caller, const char *function)
{
	NEXT(randomize_fn, gcry_randomize);

	if (must_renew((void *)next, copy, caller, function))
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

	if (!must_renew((void *)next, copy, caller, __func__))
		preload_must_fill(to, size, __func__);
	else if (preload_changed_since_start())
		randomize(to, size, WEAK_RANDOM, caller, __func__);
	else
		next(to, size);
}

/*
 * What cannot fail, and cannot be done without the library either, ends the program where the
 * library lacks it, or calls it while it is renewed.
 */
static void must_be_ready(void *generator, const void *copy, void *caller, const char *function)
{
	if (!must_renew(generator, copy, caller, function))
		preload_refuse(function, generator ? BUSY : NO_FUNCTION);
}

void gcry_mpi_randomize(void *number, unsigned int bits, int level)
{
	void *caller = CALLER;
	NEXT(mpi_fn, gcry_mpi_randomize);

	must_be_ready((void *)next, copy, caller, __func__);
	next(number, bits, level);
}

#define ALLOCATE(function)                                                                         \
	void *function(size_t size, int level)                                                     \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(allocate_fn, function);                                                       \
                                                                                                   \
		must_be_ready((void *)next, copy, caller, __func__);                               \
		return next(size, level);                                                          \
	}

ALLOCATE(gcry_random_bytes)
ALLOCATE(gcry_random_bytes_secure)

/* 0, or an error of libgcrypt's, and then there is no result. */
static unsigned int may_operate(void **result, void *generator, const void *copy, void *caller)
{
	enum preload_verdict verdict =
		preload_renew(preload_state(&states, copy), feed, caller, generator);

	if (verdict == PRELOAD_READY)
		return 0;
	*result = NULL;
	return verdict == PRELOAD_KERNEL && !generator ? NOT_SUPPORTED : NOT_OPERATIONAL;
}

#define OPERATE(function)                                                                          \
	unsigned int function(void **result, void *data, void *key)                                \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(operate_fn, function);                                                        \
		unsigned int error = may_operate(result, (void *)next, copy, caller);              \
                                                                                                   \
		return error ? error : next(result, data, key);                                    \
	}

OPERATE(gcry_pk_sign)
OPERATE(gcry_pk_encrypt)

unsigned int gcry_pk_genkey(void **result, void *parameters)
{
	void *caller = CALLER;
	NEXT(genkey_fn, gcry_pk_genkey);
	unsigned int error = may_operate(result, (void *)next, copy, caller);

	return error ? error : next(result, parameters);
}
