// SPDX-License-Identifier: GPL-2.0-only
/* When generators are renewed, and with what. */
#include "stub.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/forbid.h"
#include "../unit/helpers.h"
#include "../unit/tap.h"

static void test_chain(const char *random)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *chain[3];
	unsigned int before[3];
	unsigned long number;

	diag("%.17s", *random ? random : "as shipped");
	stub_reset(false);
	libctx = stub_load("", random);
	chain[0] = RAND_get0_public(libctx);
	chain[1] = RAND_get0_private(libctx);
	chain[2] = RAND_get0_primary(libctx);
	must(chain[0] && chain[1] && chain[2]);
	is_string(OSSL_PROVIDER_get0_name(EVP_RAND_get0_provider(EVP_RAND_CTX_get0_rand(chain[0]))),
		  "sysgenid", "OpenSSL takes the provider's generator");
	/* Each generator was used once, since OpenSSL itself reseeds for the first use. */
	for (int i = 0; i < 3; i++)
		must(stub_draw(chain[i]));
	for (int i = 0; i < 3; i++)
		before[i] = stub_reseeds(chain[i]);
	for (int i = 0; i < 100; i++)
		must(RAND_bytes_ex(libctx, (unsigned char *)&number, sizeof(number), 0) == 1);
	is_int(stub_reseeds(chain[0]), before[0], "in one generation nothing is reseeded");
	stub_bump();
	must(RAND_bytes_ex(libctx, (unsigned char *)&number, sizeof(number), 0) == 1);
	ok(stub_reseeds(chain[0]) != before[0],
	   "a change reseeds the public generator at its next use");
	ok(stub_reseeds(chain[2]) != before[2], "and the primary one, from which it is seeded");
	is_int(stub_reseeds(chain[1]), before[1], "the private one sleeps until it is used");
	must(RAND_priv_bytes_ex(libctx, (unsigned char *)&number, sizeof(number), 0) == 1);
	ok(stub_reseeds(chain[1]) != before[1],
	   "a change reseeds the private generator at its next use");
	must(RAND_bytes_ex(libctx, (unsigned char *)&number, sizeof(number), 0) == 1);
	for (int i = 0; i < 3; i++)
		before[i] = stub_reseeds(chain[i]);
	for (int i = 0; i < 100; i++)
		must(RAND_bytes_ex(libctx, (unsigned char *)&number, sizeof(number), 0) == 1);
	is_int(stub_reseeds(chain[0]), before[0], "it is reseeded once a change");
	is_int(stub_reseeds(chain[2]), before[2], "the primary one too");
	OSSL_LIB_CTX_free(libctx);
}

/* An entropy source that says the same again and again, as a copied state does. */
static EVP_RAND_CTX *frozen_source(OSSL_LIB_CTX *libctx)
{
	static unsigned char entropy[4096], nonce[64];
	unsigned int strength = 256;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
		OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, entropy,
						  sizeof(entropy)),
		OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_NONCE, nonce, sizeof(nonce)),
		OSSL_PARAM_construct_end(),
	};
	EVP_RAND *rand = EVP_RAND_fetch(libctx, "TEST-RAND", NULL);
	EVP_RAND_CTX *source = EVP_RAND_CTX_new(rand, NULL);

	must(source && EVP_RAND_instantiate(source, 256, 0, NULL, 0, params));
	EVP_RAND_free(rand);
	return source;
}

/* Two calls give the same state, like two restores of one checkpoint. */
static EVP_RAND_CTX *clone(OSSL_LIB_CTX *libctx, EVP_RAND_CTX *source, const char *provider,
			   const char *text)
{
	const bool ours = !strcmp(provider, "provider=sysgenid");
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER, "AES-256-CTR", 0),
		/* What libssl 3.5 adds, and what a configuration without question mark does. */
		OSSL_PARAM_construct_utf8_string("provider-name", "sysgenid", 0),
		OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_PROPERTIES, "provider=sysgenid",
						 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_RAND *rand = EVP_RAND_fetch(libctx, "CTR-DRBG", provider);
	EVP_RAND_CTX *clone = EVP_RAND_CTX_new(rand, source);

	must(rand && clone);
	if (!ours)
		params[1] = OSSL_PARAM_construct_end();
	ok(EVP_RAND_instantiate(clone, 256, 0, (const unsigned char *)text, strlen(text), params),
	   "parameters about our provider do not reach the inner generator");
	stub_last_error();
	EVP_RAND_free(rand);
	return clone;
}

static void compare_clones(const char *provider, const char *text, bool same, const char *name)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *sources[2], *clones[2];
	unsigned long number;

	stub_reset(false);
	libctx = stub_load("", "");
	for (int i = 0; i < 2; i++) {
		sources[i] = frozen_source(libctx);
		clones[i] = clone(libctx, sources[i], provider, text);
	}
	number = stub_draw(clones[0]);
	ok(number && (number == stub_draw(clones[1])) == same, name);
	stub_bump();
	number = stub_draw(clones[0]);
	ok(number && (number == stub_draw(clones[1])) == same, "after a change again");
	for (int i = 0; i < 2; i++) {
		EVP_RAND_CTX_free(clones[i]);
		EVP_RAND_CTX_free(sources[i]);
	}
	OSSL_LIB_CTX_free(libctx);
}

/*
 * A generator that was seeded by what a clone may have is not taken for renewed, in whatever
 * generation it is used first. @rng: for which one the kernel's generator is reseeded.
 */
static void test_first_use(uint32_t made, uint32_t used, uint32_t rng, const char *name)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *sources[2], *clones[2];
	unsigned long number;

	stub_reset(true);
	stub_page->generation = made;
	stub_page->rng_generation = rng;
	libctx = stub_load("", "");
	for (int i = 0; i < 2; i++) {
		sources[i] = frozen_source(libctx);
		clones[i] = clone(libctx, sources[i], "provider=sysgenid", "the same in both");
	}
	stub_page->generation = used;
	number = stub_draw(clones[0]);
	ok(number && number != stub_draw(clones[1]), name);
	for (int i = 0; i < 2; i++) {
		EVP_RAND_CTX_free(clones[i]);
		EVP_RAND_CTX_free(sources[i]);
	}
	OSSL_LIB_CTX_free(libctx);
}

static void test_clones(void)
{
	compare_clones("provider=default", "the same in both", true,
		       "control: two of OpenSSL's generators with one past give the same");
	compare_clones("provider=sysgenid", "the same in both", false,
		       "ours differ, even if OpenSSL's entropy source is a copy, too");
}

/* 0: bytes; 1: none, and the error says why; else another fault */
static int draw_without(void *clone)
{
	if (stub_draw(clone))
		return 0;
	return strstr(stub_last_error(), "the kernel gives no random bytes") ? 1 : 2;
}

static int draw_without_getrandom(void *clone)
{
	forbid(SYS_getrandom);
	return draw_without(clone);
}

static int draw_without_kernel(void *clone)
{
	forbid(SYS_openat);
	return draw_without_getrandom(clone);
}

/* OpenSSL has an entropy source of its own here, so that only the provider misses the kernel's. */
static void test_no_kernel_bytes(void)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *source, *drbg;

	stub_reset(false);
	libctx = stub_load("", "");
	source = frozen_source(libctx);
	drbg = clone(libctx, source, "provider=sysgenid", "");
	must(stub_draw(drbg));
	is_int(in_child(draw_without_kernel, drbg), 0,
	       "no bytes of the kernel: the generator works until the generation changes");
	stub_bump();
	is_int(in_child(draw_without_getrandom, drbg), 0,
	       "no getrandom: after a change it is renewed from /dev/urandom");
	is_int(in_child(draw_without_kernel, drbg), 1,
	       "neither of them: after a change there are no bytes, and the error says why");
	EVP_RAND_CTX_free(drbg);
	EVP_RAND_CTX_free(source);
	OSSL_LIB_CTX_free(libctx);
}

/*
 * A CTR-DRBG without derivation function takes 48 bytes at most besides its seed; one of AES-128
 * 32.
 */
static void test_short_input(const char *cipher)
{
	unsigned int df = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER, (char *)cipher, 0),
		OSSL_PARAM_construct_uint(OSSL_DRBG_PARAM_USE_DF, &df),
		OSSL_PARAM_construct_end(),
	};
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *rand;
	EVP_RAND *type;

	stub_reset(false);
	libctx = stub_load("", "");
	type = EVP_RAND_fetch(libctx, "CTR-DRBG", "provider=sysgenid");
	rand = EVP_RAND_CTX_new(type, NULL);
	must(type && rand);
	diag("%s without derivation function", cipher);
	ok(EVP_RAND_instantiate(rand, 128, 0, NULL, 0, params), "it begins");
	ok(stub_draw(rand), "it gives bytes");
	stub_bump();
	ok(stub_draw(rand), "and after a change");
	EVP_RAND_CTX_free(rand);
	EVP_RAND_free(type);
	OSSL_LIB_CTX_free(libctx);
}

static void *make_ready_later(void *unused)
{
	usleep(200000);
	stub_kernel_ready();
	return unused;
}

static void test_kernel_later(void)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *rand;
	unsigned int before;
	pthread_t thread;

	stub_reset(true);
	libctx = stub_load("strict = yes", "");
	rand = RAND_get0_public(libctx);
	must(rand && stub_draw(rand));
	stub_bump();
	must(!pthread_create(&thread, NULL, make_ready_later, NULL));
	ok(stub_draw(rand), "bytes come after the kernel's generator is renewed");
	is_int(stub_page->rng_generation, stub_page->generation, "and not before");
	pthread_join(thread, NULL);
	before = stub_reseeds(rand);
	must(stub_draw(rand));
	is_int(stub_reseeds(rand), before, "with one reseed");
	OSSL_LIB_CTX_free(libctx);
}

static void test_kernel_never(void)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *rand;
	unsigned int before;
	double start;

	stub_reset(true);
	libctx = stub_load("", "");
	rand = RAND_get0_public(libctx);
	must(rand && stub_draw(rand));
	before = stub_reseeds(rand);
	stub_bump();
	start = stub_seconds();
	ok(stub_draw(rand), "a kernel that never says that it is ready: bytes come all the same");
	ok(stub_seconds() - start >= 0.9, "after a wait");
	ok(stub_reseeds(rand) != before, "and a reseed");
	before = stub_reseeds(rand);
	start = stub_seconds();
	for (int i = 0; i < 50; i++)
		must(stub_draw(rand));
	is_int(stub_reseeds(rand), before, "from then on there is no reseed in each call");
	stub_bump();
	must(stub_draw(rand));
	ok(stub_seconds() - start < 0.9, "and no other wait, for later changes neither");
	before = stub_reseeds(rand);
	stub_kernel_ready();
	must(stub_draw(rand));
	ok(stub_reseeds(rand) != before,
	   "when the kernel is ready at last there is one more reseed");
	before = stub_reseeds(rand);
	must(stub_draw(rand));
	is_int(stub_reseeds(rand), before, "and that is the last one");
	OSSL_LIB_CTX_free(libctx);
}

static void test_strict_kernel(void)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *rand;

	stub_reset(true);
	libctx = stub_load("strict = yes", "");
	rand = RAND_get0_public(libctx);
	must(rand && stub_draw(rand));
	stub_bump();
	ok(!stub_draw(rand), "strict: a kernel that is never ready: no bytes");
	contains(stub_last_error(), "kernel's generator is not reseeded for this generation",
		 "and the error says so");
	stub_kernel_ready();
	ok(stub_draw(rand), "strict: they come as soon as it is ready");
	OSSL_LIB_CTX_free(libctx);
}

static void test_fork(void)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *rand;
	unsigned int before;
	int status;
	pid_t pid;

	stub_reset(false);
	libctx = stub_load("", "");
	rand = RAND_get0_public(libctx);
	must(rand && stub_draw(rand));
	/* The first draw takes the child's reseed after the fork. */
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		if (!stub_draw(rand))
			_exit(2);
		before = stub_reseeds(rand);
		if (!stub_draw(rand) || stub_reseeds(rand) != before)
			_exit(3);
		stub_bump(); /* the child's own copy of the test's page */
		_exit(stub_draw(rand) && stub_reseeds(rand) != before ? 0 : 4);
	}
	must(waitpid(pid, &status, 0) == pid);
	is_int(status, 0, "a child renews its generator by itself");
	before = stub_reseeds(rand);
	must(stub_draw(rand));
	is_int(stub_reseeds(rand), before, "and that leaves the parent's alone");
	OSSL_LIB_CTX_free(libctx);
}

int main(void)
{
	test_chain("");
	test_chain("random = HASH-DRBG\ndigest = SHA512");
	test_chain("random = HMAC-DRBG\ndigest = SHA256");
	test_clones();
	test_first_use(0x7fffffff, 0x80000000, 0x80000000, "a first use in any generation renews");
	test_first_use(0, 0, 1, "in the first one, too, if the kernel's generator is late");
	test_no_kernel_bytes();
	test_short_input("AES-256-CTR");
	test_short_input("AES-128-CTR");
	test_kernel_later();
	test_kernel_never();
	test_strict_kernel();
	test_fork();
	is_int(ERR_peek_error(), 0, "OpenSSL's error queue is empty after all this");
	return tap_done();
}
