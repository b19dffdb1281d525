// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the generators of the default provider. */
#include "provider.h"

#include <openssl/err.h>
#include <openssl/proverr.h>
#include <string.h>

static const char *const names[SYSGENID_KINDS] = {
	[SYSGENID_CTR] = "CTR-DRBG",
	[SYSGENID_HASH] = "HASH-DRBG",
	[SYSGENID_HMAC] = "HMAC-DRBG",
};

/* "A:B:C" are three names of one algorithm. */
static bool has_name(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (list) {
		if (!strncmp(list, name, length) && (list[length] == ':' || !list[length]))
			return true;
		list = strchr(list, ':');
		list = list ? list + 1 : NULL;
	}
	return false;
}

#define TAKE(id, field)                                                                            \
	case OSSL_FUNC_RAND_##id:                                                                  \
		inner->field = OSSL_FUNC_rand_##field(entry);                                      \
		break

static void take_functions(struct sysgenid_inner *inner, const OSSL_DISPATCH *entry)
{
	inner->functions = entry;
	for (; entry->function_id; entry++) {
		switch (entry->function_id) {
			TAKE(NEWCTX, newctx);
			TAKE(FREECTX, freectx);
			TAKE(INSTANTIATE, instantiate);
			TAKE(UNINSTANTIATE, uninstantiate);
			TAKE(GENERATE, generate);
			TAKE(RESEED, reseed);
			TAKE(ENABLE_LOCKING, enable_locking);
			TAKE(LOCK, lock);
			TAKE(UNLOCK, unlock);
			TAKE(GETTABLE_CTX_PARAMS, gettable_ctx_params);
			TAKE(SETTABLE_CTX_PARAMS, settable_ctx_params);
			TAKE(GET_CTX_PARAMS, get_ctx_params);
			TAKE(SET_CTX_PARAMS, set_ctx_params);
			TAKE(VERIFY_ZEROIZATION, verify_zeroization);
			TAKE(GET_SEED, get_seed);
			TAKE(CLEAR_SEED, clear_seed);
		default:
			break;
		}
	}
}

/*
 * All are in OpenSSL 3.0 to 3.5. Where one is missing the generators have changed too much for us.
 */
static bool complete(const struct sysgenid_inner *inner)
{
	return inner->newctx && inner->freectx && inner->instantiate && inner->uninstantiate &&
	       inner->generate && inner->reseed && inner->enable_locking && inner->lock &&
	       inner->unlock && inner->gettable_ctx_params && inner->settable_ctx_params &&
	       inner->get_ctx_params && inner->set_ctx_params && inner->verify_zeroization &&
	       inner->get_seed && inner->clear_seed;
}

static int find(struct sysgenid_provider *provider, const OSSL_ALGORITHM *list, int kind)
{
	for (; list && list->algorithm_names; list++) {
		if (!has_name(list->algorithm_names, names[kind]))
			continue;
		take_functions(&provider->inner[kind], list->implementation);
		if (complete(&provider->inner[kind]))
			return 1;
	}
	ERR_raise_data(
		ERR_LIB_PROV, ERR_R_FETCH_FAILED,
		"sysgenid: the default provider of this OpenSSL has no %s that can be wrapped",
		names[kind]);
	return 0;
}

int sysgenid_inner_load(struct sysgenid_provider *provider)
{
	const OSSL_ALGORITHM *list;
	int no_cache, ok = 1;

	/* The application's own instance if it is active there, otherwise one of our own. */
	provider->wrapped = OSSL_PROVIDER_load(provider->libctx, "default");
	if (!provider->wrapped) {
		ERR_raise_data(ERR_LIB_PROV, ERR_R_INIT_FAIL,
			       "sysgenid: the default provider cannot be loaded");
		return 0;
	}
	provider->wrapped_ctx = OSSL_PROVIDER_get0_provider_ctx(provider->wrapped);
	list = OSSL_PROVIDER_query_operation(provider->wrapped, OSSL_OP_RAND, &no_cache);
	for (int kind = 0; ok && kind < SYSGENID_KINDS; kind++)
		ok = find(provider, list, kind);
	OSSL_PROVIDER_unquery_operation(provider->wrapped, OSSL_OP_RAND, list);
	return ok;
}

void sysgenid_inner_unload(struct sysgenid_provider *provider)
{
	if (provider->wrapped)
		OSSL_PROVIDER_unload(provider->wrapped);
	provider->wrapped = NULL;
}
