// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * OpenSSL 3: what is added to the primary generator makes all generators below it, of all threads,
 * reseed at their next use. libcrypto's and libssl's own calls come through here as well, for they
 * go by name.
 */
#include "preload.h"

#include <openssl/rand.h>

typedef int bytes_fn(unsigned char *to, int size);
typedef int bytes_ex_fn(OSSL_LIB_CTX *libctx, unsigned char *to, size_t size,
			unsigned int strength);

static struct preload_states default_states;
/* Of the library context that this thread used last: there may be any number of them. */
static __thread struct {
	struct renew_state state;
	OSSL_LIB_CTX *libctx;
} other __attribute__((tls_model("initial-exec")));

static bool is_seeded(void *caller)
{
	NEXT(int(void), RAND_status);

	return next && next() == 1;
}

/*
 * RAND_add() reaches a program's own RAND_METHOD, too. It tells nobody when it fails, and then the
 * generators below give bytes as if nothing had happened: so the generator is asked whether it is
 * still seeded.
 */
static const char *add(const struct renew_bytes *bytes, void *caller, void *generator)
{
	NEXT(void(const void *, int, double), RAND_add);

	(void)generator;
	if (!next)
		return NO_RENEWAL;
	next(bytes, sizeof(*bytes), sizeof(*bytes));
	return is_seeded(caller) ? NULL : RENEWAL_FAILED;
}

static EVP_RAND_CTX *primary(OSSL_LIB_CTX *libctx, void *caller)
{
	NEXT(EVP_RAND_CTX * (OSSL_LIB_CTX *), RAND_get0_primary);

	return next ? next(libctx) : NULL;
}

static const char *reseed(const struct renew_bytes *bytes, void *caller, void *libctx)
{
	NEXT(int(EVP_RAND_CTX *, int, const unsigned char *, size_t, const unsigned char *, size_t),
	     EVP_RAND_reseed);
	EVP_RAND_CTX *rand = primary(libctx, caller);

	if (!next || !rand)
		return NO_RENEWAL;
	return next(rand, 0, NULL, 0, (const unsigned char *)bytes, sizeof(*bytes)) == 1
		       ? NULL
		       : RENEWAL_FAILED;
}

static enum preload_verdict renew_default(void *generator, const void *copy, void *caller)
{
	return preload_renew(preload_state(&default_states, copy), add, caller, generator);
}

/* While the state is renewed it stays that context's. */
static enum preload_verdict renew_other(OSSL_LIB_CTX *libctx, void *generator, void *caller)
{
	if (other.libctx != libctx && !preload_is_being_renewed(&other.state)) {
		other.libctx = libctx;
		other.state.fit = 0;
		other.state.early = 0;
	}
	return preload_renew(&other.state, reseed, caller, generator ? libctx : NULL);
}

/* OpenSSL's own function fails if the size is negative. */
static int kernel_bytes(unsigned char *to, int size)
{
	return size >= 0 && renew_kernel_bytes(to, (size_t)size);
}

/*
 * @failure: how the function says that it has no bytes. Where RAND_pseudo_bytes() says 0 it has
 * weak ones.
 */
#define BYTES(function, failure)                                                                   \
	INTERPOSED int function(unsigned char *to, int size)                                       \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(bytes_fn, function);                                                          \
                                                                                                   \
		switch (renew_default((void *)next, copy, caller)) {                               \
		case PRELOAD_READY:                                                                \
			return next(to, size);                                                     \
		case PRELOAD_KERNEL:                                                               \
			return kernel_bytes(to, size) ? 1 : failure;                               \
		default:                                                                           \
			return failure;                                                            \
		}                                                                                  \
	}

#define BYTES_EX(function)                                                                         \
	INTERPOSED int function(OSSL_LIB_CTX *libctx, unsigned char *to, size_t size,              \
				unsigned int strength)                                             \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(bytes_ex_fn, function);                                                       \
                                                                                                   \
		switch (libctx ? renew_other(libctx, (void *)next, caller)                         \
			       : renew_default((void *)next, copy, caller)) {                      \
		case PRELOAD_READY:                                                                \
			return next(libctx, to, size, strength);                                   \
		case PRELOAD_KERNEL:                                                               \
			return renew_kernel_bytes(to, size);                                       \
		default:                                                                           \
			return 0;                                                                  \
		}                                                                                  \
	}

BYTES(RAND_bytes, 0)
BYTES(RAND_priv_bytes, 0)
BYTES(RAND_pseudo_bytes, -1)
BYTES_EX(RAND_bytes_ex)
BYTES_EX(RAND_priv_bytes_ex)
