// SPDX-License-Identifier: GPL-2.0-only
/*
 * What 16 bytes of RAND_bytes cost: OpenSSL's own generator, the same behind the provider, and as a
 * measure of the measurement another one without.
 *
 *	provider-cost CONFIGURATION	of an OpenSSL with the provider
 */
#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "bench.h"

#define ROUNDS 401
#define CALLS 1000

enum { WITHOUT, WITH, AGAIN, WAYS };
static const char *const names[WAYS] = { "without", "with", "without, once more" };

static OSSL_LIB_CTX *load(const char *configuration)
{
	OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

	if (!libctx || (configuration && !OSSL_LIB_CTX_load_config(libctx, configuration)))
		bench_die(configuration ? configuration : "OpenSSL");
	return libctx;
}

static const char *generator(OSSL_LIB_CTX *libctx)
{
	EVP_RAND_CTX *rand = RAND_get0_public(libctx);

	if (!rand)
		bench_die("no generator");
	return OSSL_PROVIDER_get0_name(EVP_RAND_get0_provider(EVP_RAND_CTX_get0_rand(rand)));
}

static double nanoseconds(OSSL_LIB_CTX *libctx)
{
	unsigned char bytes[16];
	double start = bench_now();

	for (int i = 0; i < CALLS; i++)
		if (RAND_bytes_ex(libctx, bytes, sizeof(bytes), 0) != 1)
			bench_die("RAND_bytes");
	return (bench_now() - start) / CALLS;
}

int main(int argc, char **argv)
{
	static double ns[WAYS][ROUNDS], ratio[WAYS][ROUNDS];
	OSSL_LIB_CTX *libctx[WAYS] = { NULL };

	if (argc != 2) {
		fprintf(stderr, "usage: provider-cost CONFIGURATION\n");
		return 2;
	}
	for (int way = 0; way < WAYS; way++) {
		libctx[way] = load(way == WITH ? argv[1] : NULL);
		if (!strcmp(generator(libctx[way]), "sysgenid") != (way == WITH)) {
			fprintf(stderr,
				"bench: the provider is not on, or is on where it should not\n");
			return 1;
		}
	}
	/*
	 * In turn, and each time another one first, so that a change of the machine's speed meets
	 * all.
	 */
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < WAYS; i++)
			ns[(round + i) % WAYS][round] = nanoseconds(libctx[(round + i) % WAYS]);
	for (int round = 0; round < ROUNDS; round++)
		for (int way = 0; way < WAYS; way++)
			ratio[way][round] = ns[way][round] / ns[WITHOUT][round];
	for (int way = 0; way < WAYS; way++) {
		printf("provider: 16 bytes of RAND_bytes, OpenSSL %s, %-20s %8.1f ns, pair by pair "
		       "%.4fx\n",
		       OpenSSL_version(OPENSSL_VERSION_STRING), names[way],
		       bench_median(ns[way], ROUNDS), bench_median(ratio[way], ROUNDS));
		OSSL_LIB_CTX_free(libctx[way]);
	}
	return 0;
}
