// SPDX-License-Identifier: LGPL-2.1-or-later
/* Parameters of a generator: those that are about us, and those that the inner one gets. */
#include "drbg.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

/*
 * Without a derivation function (use_df of CTR-DRBG) a generator takes no more than its seed is
 * long.
 */
size_t drbg_fresh_size(const struct drbg *drbg, const char *limit)
{
	size_t most = sizeof(struct renew_bytes);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(limit, &most),
		OSSL_PARAM_construct_end(),
	};

	if (!drbg->inner->get_ctx_params(drbg->state, params) || most > sizeof(struct renew_bytes))
		return sizeof(struct renew_bytes);
	return most;
}

/*
 * Parameters that are about us and not for the inner one, which would look for its cipher in the
 * provider they name: the name of the generator's provider (from 3.5 on), and a query that asks for
 * us.
 */
static bool is_for_us(const OSSL_PARAM *param)
{
	const char *text;

	if (!strcmp(param->key, "provider-name"))
		return true;
	return !strcmp(param->key, OSSL_DRBG_PARAM_PROPERTIES) &&
	       OSSL_PARAM_get_utf8_string_ptr(param, &text) && text &&
	       strstr(text, SYSGENID_PROVIDER_NAME);
}

OSSL_PARAM *drbg_filter(const OSSL_PARAM *params)
{
	size_t n = 0, kept = 0;
	OSSL_PARAM *copy;

	while (params && params[n].key)
		n++;
	copy = OPENSSL_malloc((n + 1) * sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!is_for_us(&params[i]))
			copy[kept++] = params[i];
	copy[kept] = OSSL_PARAM_construct_end();
	return copy;
}

void drbg_learn_max_request(struct drbg *drbg)
{
	size_t max_request = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_RAND_PARAM_MAX_REQUEST, &max_request),
		OSSL_PARAM_construct_end(),
	};

	if (!drbg->inner->get_ctx_params(drbg->state, params))
		max_request = 0;
	atomic_store_explicit(&drbg->max_request, max_request, memory_order_relaxed);
}

const OSSL_PARAM *drbg_gettable(void *ctx, void *provctx)
{
	struct sysgenid_provider *provider = provctx;
	struct drbg *drbg = ctx;
	const struct sysgenid_inner *inner = drbg ? drbg->inner : &provider->inner[SYSGENID_CTR];

	/* cppcheck-suppress CastIntegerToAddressAtReturn ; it does not know OpenSSL's types */
	return inner->gettable_ctx_params(drbg ? drbg->state : NULL, provider->wrapped_ctx);
}

const OSSL_PARAM *drbg_settable(void *ctx, void *provctx)
{
	struct sysgenid_provider *provider = provctx;
	struct drbg *drbg = ctx;
	const struct sysgenid_inner *inner = drbg ? drbg->inner : &provider->inner[SYSGENID_CTR];

	/* cppcheck-suppress CastIntegerToAddressAtReturn ; it does not know OpenSSL's types */
	return inner->settable_ctx_params(drbg ? drbg->state : NULL, provider->wrapped_ctx);
}

/*
 * What OpenSSL asks before each call of generate(). The inner one would look for all the names that
 * it knows: that we need not is what pays for the look at the generation.
 */
static bool asks_for_max_request(const OSSL_PARAM *param)
{
	return !strcmp(param->key, OSSL_RAND_PARAM_MAX_REQUEST) && !param[1].key &&
	       param->data_type == OSSL_PARAM_UNSIGNED_INTEGER &&
	       param->data_size == sizeof(size_t) && param->data;
}

int drbg_get_params(void *ctx, OSSL_PARAM params[])
{
	struct drbg *drbg = ctx;
	size_t max_request = atomic_load_explicit(&drbg->max_request, memory_order_relaxed);

	if (!max_request || !params[0].key || !asks_for_max_request(params))
		return drbg->inner->get_ctx_params(drbg->state, params);
	memcpy(params[0].data, &max_request, sizeof(max_request));
	params[0].return_size = sizeof(max_request);
	return 1;
}

int drbg_set_params(void *ctx, const OSSL_PARAM params[])
{
	struct drbg *drbg = ctx;
	OSSL_PARAM *filtered = drbg_filter(params);
	int ok = filtered && drbg->inner->set_ctx_params(drbg->state, filtered);

	OPENSSL_free(filtered);
	drbg_learn_max_request(drbg);
	return ok;
}
