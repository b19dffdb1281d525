// SPDX-License-Identifier: GPL-2.0-only
/* In a restored machine whose hypervisor has a VMClock, before the kernel has moved the word. */
#include "stub.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/tap.h"

static OSSL_LIB_CTX *libctx;
static EVP_RAND_CTX *drbg;

static void begin(const char *lines)
{
	stub_reset_vmclock();
	libctx = stub_load(lines, "");
	drbg = RAND_get0_public(libctx);
	must(drbg && stub_draw(drbg));
	/* Its parent was used once, since OpenSSL itself reseeds for the first use. */
	must(stub_draw(RAND_get0_primary(libctx)));
}

static void end(void)
{
	OSSL_LIB_CTX_free(libctx);
}

static void test_follows(const char *lines)
{
	unsigned int before, parent, asked;

	diag("%s", *lines ? lines : "as shipped");
	begin(lines);
	before = stub_reseeds(drbg);
	parent = stub_reseeds(RAND_get0_primary(libctx));
	asked = stub_asked;
	for (int i = 0; i < 100; i++)
		must(stub_draw(drbg));
	is_int(stub_reseeds(drbg), before, "a VMClock that rests: nothing is reseeded");
	is_int(stub_asked, asked, "and the kernel is not asked");
	stub_restore_machine(true);
	ok(stub_draw(drbg), "the first draw of a restored machine gives bytes");
	ok(stub_asked > asked, "it has the kernel look");
	ok(stub_reseeds(drbg) != before, "and reseeds the generator");
	ok(stub_reseeds(RAND_get0_primary(libctx)) != parent, "and its parent");
	before = stub_reseeds(drbg);
	asked = stub_asked;
	must(stub_draw(drbg));
	is_int(stub_reseeds(drbg), before, "once");
	is_int(stub_asked, asked, "and the kernel is not asked again");
	end();
}

/* The module waits for the notification (sync_source=0), or does not find the page any more. */
static void test_does_not_follow(void)
{
	unsigned int before;
	double start;

	begin("");
	before = stub_reseeds(drbg);
	stub_restore_machine(false);
	start = stub_seconds();
	ok(stub_draw(drbg), "a kernel that does not follow: bytes come all the same");
	ok(stub_seconds() - start >= 0.9, "after a wait");
	ok(stub_reseeds(drbg) != before, "and a reseed");
	start = stub_seconds();
	before = stub_reseeds(drbg);
	must(stub_draw(drbg));
	ok(stub_seconds() - start < 0.9, "the next draw does not wait");
	stub_restore_machine(false);
	before = stub_reseeds(drbg);
	must(stub_draw(drbg));
	ok(stub_reseeds(drbg) != before, "another restore is not taken for the one before");
	stub_restore_machine(true);
	before = stub_reseeds(drbg);
	must(stub_draw(drbg));
	ok(stub_reseeds(drbg) != before,
	   "a kernel that follows after that is asked without a wait");
	before = stub_reseeds(drbg);
	must(stub_draw(drbg));
	is_int(stub_reseeds(drbg), before, "and then there is no reseed in each call");
	end();
}

static void test_strict(void)
{
	begin("strict = yes");
	stub_restore_machine(false);
	ok(!stub_draw(drbg), "strict: no bytes while the kernel does not follow");
	contains(stub_last_error(), "kernel's generator is not reseeded for this generation",
		 "and the error says so");
	stub_kernel_follows();
	ok(stub_draw(drbg), "strict: they come as soon as it does");
	end();
}

/* What is made in the window is not taken for fit afterwards. */
static void test_made_in_between(void)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER, "AES-256-CTR", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_RAND_CTX *child;
	EVP_RAND *type;
	unsigned int before;

	begin("");
	stub_restore_machine(false);
	type = EVP_RAND_fetch(libctx, "CTR-DRBG", "provider=sysgenid");
	child = EVP_RAND_CTX_new(type, RAND_get0_primary(libctx));
	must(child && EVP_RAND_instantiate(child, 128, 0, NULL, 0, params) && stub_draw(child));
	before = stub_reseeds(child);
	stub_kernel_follows();
	must(stub_draw(child));
	ok(stub_reseeds(child) != before,
	   "a generator that is made before the kernel follows is renewed when it has");
	before = stub_reseeds(child);
	must(stub_draw(child));
	is_int(stub_reseeds(child), before, "once");
	EVP_RAND_CTX_free(child);
	EVP_RAND_free(type);
	end();
}

int main(void)
{
	test_follows("");
	test_follows("strict = yes");
	test_does_not_follow();
	test_strict();
	test_made_in_between();
	is_int(ERR_peek_error(), 0, "OpenSSL's error queue is empty after all this");
	return tap_done();
}
