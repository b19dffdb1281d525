// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * OpenSSL 3: what is added to the primary generator makes all generators below it, of all threads, reseed at their
 * next use. libcrypto's and libssl's own calls come through here as well, for they go by name.
 */
#include "preload.h"

#include <openssl/rand.h>

typedef int bytes_fn(unsigned char *to, int size);
typedef int bytes_ex_fn(OSSL_LIB_CTX *libctx, unsigned char *to, size_t size,
			unsigned int strength);

static struct preload_state default_state;
/* Of the library context that this thread used last: there may be any number of them. */
static __thread struct {
	struct preload_state state;
	OSSL_LIB_CTX *libctx;
} other __attribute__((tls_model("initial-exec")));

static void add(const struct sysgenid_fresh *fresh, void *caller, void *arg)
{
	NEXT(void(const void *, int, double), RAND_add);

	(void)arg;
	if (next)
		next(fresh, sizeof(*fresh), sizeof(*fresh));
}

static EVP_RAND_CTX *primary(OSSL_LIB_CTX *libctx, void *caller)
{
	NEXT(EVP_RAND_CTX * (OSSL_LIB_CTX *), RAND_get0_primary);

	return next ? next(libctx) : NULL;
}

static void reseed(const struct sysgenid_fresh *fresh, void *caller, void *libctx)
{
	NEXT(int(EVP_RAND_CTX *, int, const unsigned char *, size_t, const unsigned char *, size_t),
	     EVP_RAND_reseed);
	EVP_RAND_CTX *rand = primary(libctx, caller);

	if (next && rand)
		next(rand, 0, NULL, 0, (const unsigned char *)fresh, sizeof(*fresh));
}

static bool renew(void *caller)
{
	return preload_renew(&default_state, add, caller, NULL);
}

static bool renew_in(OSSL_LIB_CTX *libctx, void *caller)
{
	if (!libctx)
		return renew(caller);
	if (other.libctx != libctx) {
		other.libctx = libctx;
		other.state.fit = 0;
		other.state.unsettled = 0;
	}
	return preload_renew(&other.state, reseed, caller, libctx);
}

#define BYTES(function)                                                                            \
	INTERPOSED int function(unsigned char *to, int size)                                       \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(bytes_fn, function);                                                          \
                                                                                                   \
		if (!renew(caller))                                                                \
			return 0;                                                                  \
		return next ? next(to, size) : preload_kernel_bytes(to, size);                     \
	}

#define BYTES_EX(function)                                                                         \
	INTERPOSED int function(OSSL_LIB_CTX *libctx, unsigned char *to, size_t size,              \
				unsigned int strength)                                             \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(bytes_ex_fn, function);                                                       \
                                                                                                   \
		if (!renew_in(libctx, caller))                                                     \
			return 0;                                                                  \
		return next ? next(libctx, to, size, strength) : preload_kernel_bytes(to, size);   \
	}

BYTES(RAND_bytes)
BYTES(RAND_priv_bytes)
BYTES_EX(RAND_bytes_ex)
BYTES_EX(RAND_priv_bytes_ex)
