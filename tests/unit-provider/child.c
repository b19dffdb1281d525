// SPDX-License-Identifier: GPL-2.0-only
/*
 * A provider that draws through a library context of its own, a child of the one it is loaded into,
 * as those for hardware tokens do. Its build info is the provider that its random bytes come from.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

OSSL_provider_init_fn OSSL_provider_init;

static int get_params(void *child, OSSL_PARAM params[])
{
	OSSL_PARAM *info = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_BUILDINFO);
	unsigned char byte;
	EVP_RAND_CTX *rand;

	if (!info)
		return 1;
	if (RAND_bytes_ex(child, &byte, sizeof(byte), 0) != 1)
		return 0;
	rand = RAND_get0_public(child);
	return OSSL_PARAM_set_utf8_ptr(info, OSSL_PROVIDER_get0_name(EVP_RAND_get0_provider(
						     EVP_RAND_CTX_get0_rand(rand))));
}

static const OSSL_PARAM *gettable(void *child)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)child;
	return params;
}

static void teardown(void *child)
{
	OSSL_LIB_CTX_free(child);
}

static const OSSL_DISPATCH functions[] = {
	{ OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown },
	{ OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable },
	{ OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params },
	{ 0, NULL },
};

int OSSL_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **child)
{
	*child = OSSL_LIB_CTX_new_child(core, in);
	*out = functions;
	return *child != NULL;
}
