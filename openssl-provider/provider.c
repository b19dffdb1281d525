// SPDX-License-Identifier: LGPL-2.1-or-later
/* Loading and unloading, what openssl.cnf says, and what the provider says of itself. */
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

struct config {
	bool strict;
	bool warn;
};

static bool is_yes(const char *value)
{
	static const char *const no[] = { "no", "off", "false", "0", "" };

	/* A typing error makes the provider stricter, never less strict. */
	for (size_t i = 0; value && i < sizeof(no) / sizeof(no[0]); i++)
		if (!OPENSSL_strcasecmp(value, no[i]))
			return false;
	return value;
}

static int read_config(struct config *config, const OSSL_CORE_HANDLE *core,
		       const OSSL_DISPATCH *calls)
{
	OSSL_FUNC_core_get_params_fn *get_params = NULL;
	char *strict = NULL, *warn = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_ptr("strict", &strict, 0),
		OSSL_PARAM_construct_utf8_ptr("warn", &warn, 0),
		OSSL_PARAM_construct_end(),
	};

	for (; calls->function_id; calls++)
		if (calls->function_id == OSSL_FUNC_CORE_GET_PARAMS)
			get_params = OSSL_FUNC_core_get_params(calls);
	if (!get_params || !get_params(core, params))
		return 0;
	config->strict = is_yes(strict);
	config->warn = is_yes(warn);
	return 1;
}

static void describe(struct sysgenid_provider *provider)
{
	snprintf(provider->build_info, sizeof(provider->build_info), "%s, %s%s%s", SYSGENID_VERSION,
		 provider->counter.handle ? "counter open" : "no counter: ",
		 provider->counter.handle ? "" : strerror(-provider->counter.error),
		 provider->strict ? ", strict" : "");
}

static const OSSL_PARAM *provider_gettable(void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0),
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, NULL, 0),
		OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return params;
}

static int set_text(OSSL_PARAM params[], const char *key, const char *text)
{
	OSSL_PARAM *param = OSSL_PARAM_locate(params, key);

	return !param || OSSL_PARAM_set_utf8_ptr(param, text);
}

static int provider_get_params(void *provctx, OSSL_PARAM params[])
{
	const struct sysgenid_provider *provider = provctx;
	OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

	return set_text(params, OSSL_PROV_PARAM_NAME, "sysgenid: renews random generators") &&
	       set_text(params, OSSL_PROV_PARAM_VERSION, SYSGENID_VERSION) &&
	       set_text(params, OSSL_PROV_PARAM_BUILDINFO, provider->build_info) &&
	       (!status || OSSL_PARAM_set_int(status, 1));
}

static const OSSL_ALGORITHM *provider_query(void *provctx, int operation, int *no_cache)
{
	(void)provctx;
	*no_cache = 0;
	return operation == OSSL_OP_RAND ? sysgenid_drbgs : NULL;
}

static void provider_teardown(void *provctx)
{
	struct sysgenid_provider *provider = provctx;

	sysgenid_inner_unload(provider);
	OSSL_LIB_CTX_free(provider->libctx);
	renew_counter_close(&provider->counter);
	OPENSSL_free(provider);
}

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))provider_teardown },
	{ OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))provider_gettable },
	{ OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))provider_get_params },
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query },
	{ 0, NULL },
};

/*
 * Fails, so that the provider is not loaded, without memory or with an OpenSSL of unknown layout. A
 * missing counter is no error.
 */
__attribute__((visibility("default"))) OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **provctx)
{
	struct sysgenid_provider *provider;
	struct config config;

	if (!read_config(&config, core, in))
		return 0;
	provider = OPENSSL_zalloc(sizeof(*provider));
	if (!provider)
		return 0;
	provider->strict = config.strict;
	renew_counter_open(&provider->counter);
	describe(provider);
	provider->libctx = OSSL_LIB_CTX_new_child(core, in);
	if (!provider->libctx || !sysgenid_inner_load(provider)) {
		provider_teardown(provider);
		return 0;
	}
	sysgenid_report_absence(provider, config.warn);
	*out = provider_functions;
	*provctx = provider;
	return 1;
}
