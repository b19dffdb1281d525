// SPDX-License-Identifier: GPL-2.0-only
/* Stands between the preload library and the real libraries: counts how often each is renewed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

#include "libraries.h"

extern int spied_openssl, spied_other_openssl, spied_gnutls, spied_gcrypt, spied_bsd;
int spied_openssl, spied_other_openssl, spied_gnutls, spied_gcrypt, spied_bsd;

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

void RAND_add(const void *from, int size, double entropy)
{
	__atomic_add_fetch(&spied_openssl, 1, __ATOMIC_RELAXED);
	((void (*)(const void *, int, double))real("RAND_add"))(from, size, entropy);
}

int EVP_RAND_reseed(void *rand, int prediction_resistance, const unsigned char *entropy,
		    size_t entropy_size, const unsigned char *input, size_t input_size)
{
	int (*next)(void *, int, const unsigned char *, size_t, const unsigned char *, size_t) =
		(int (*)(void *, int, const unsigned char *, size_t, const unsigned char *,
			 size_t))real("EVP_RAND_reseed");

	__atomic_add_fetch(&spied_other_openssl, 1, __ATOMIC_RELAXED);
	return next(rand, prediction_resistance, entropy, entropy_size, input, input_size);
}

void gnutls_rnd_refresh(void)
{
	__atomic_add_fetch(&spied_gnutls, 1, __ATOMIC_RELAXED);
	((void (*)(void))real("gnutls_rnd_refresh"))();
}

unsigned int gcry_random_add_bytes(const void *from, size_t size, int quality)
{
	__atomic_add_fetch(&spied_gcrypt, 1, __ATOMIC_RELAXED);
	return ((unsigned int (*)(const void *, size_t, int))real("gcry_random_add_bytes"))(
		from, size, quality);
}

void arc4random_stir(void)
{
	__atomic_add_fetch(&spied_bsd, 1, __ATOMIC_RELAXED);
	((void (*)(void))real("arc4random_stir"))();
}
