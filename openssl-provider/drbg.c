// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generators: each is one of OpenSSL's own behind a look at the generation.
 *
 * OpenSSL asks a generator's parent for its reseed count in each call. So that this costs what it always did the
 * inner generators know each other directly. A generator that is fit for a generation was renewed in it, and its
 * parents before it: seeds that it takes later in the same generation come from a renewed parent.
 *
 * THREADS. OpenSSL's generators of each thread are used by that thread alone. The primary one is shared: libssl
 * 3.0 holds the inner lock around our functions, 3.5 takes it inside of the inner ones only. So nothing
 * here relies on it: the fields are atomic, and two threads that see a change at once renew twice.
 * Locks are taken from child to parent, as OpenSSL does.
 *
 * FORK. The child has its own copy of all, and the mapping goes on; the inner generator sees the new
 * process id by itself, as ever.
 */
#include "provider.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <string.h>

struct drbg {
	/* What each call needs comes first, in one cache line. */
	const struct sysgenid_page *page;     /* the counter's */
	OSSL_FUNC_rand_generate_fn *generate; /* the inner one */
	void *state;			      /* the inner generator */
	/*
	 * The generation which the state is fit for: set after a reseed, with release ordering, so that
	 * who reads it finds the state reseeded. Anything else than the current one: renew() decides.
	 */
	_Atomic uint32_t fit;
	bool locking; /* the inner one has a lock; set before it is shared */
	/* How much one call may draw; 0: the inner one has to say. It changes with the state only. */
	_Atomic size_t max_request;
	struct sysgenid_provider *provider;
	const struct sysgenid_inner *inner;
	struct drbg *
		parent; /* if it is one of ours; kept alive by OpenSSL for as long as its children */
	/* The generation the state was reseeded for before the kernel was ready; 0: none. */
	_Atomic uint32_t unsettled;
};

static inline uint32_t now(const struct drbg *drbg)
{
	return __atomic_load_n(&drbg->page->generation, __ATOMIC_ACQUIRE);
}

static inline bool is_fit(struct drbg *drbg, uint32_t generation)
{
	return __builtin_expect(
		atomic_load_explicit(&drbg->fit, memory_order_acquire) == generation, 1);
}

static int refuse(const char *why)
{
	ERR_raise_data(ERR_LIB_PROV, PROV_R_ERROR_RETRIEVING_ENTROPY,
		       "sysgenid: %s, and \"strict\" is set", why);
	return 0;
}

/* May the state be used in @generation from now on? Asked again after the kernel's bytes were drawn. */
static bool may_settle(const struct drbg *drbg, uint32_t generation)
{
	const struct sysgenid_provider *provider = drbg->provider;

	if (!provider->counter.handle && provider->strict)
		return false;
	return sysgenid_counter_settled(&provider->counter, generation);
}

static void mark(struct drbg *drbg, uint32_t generation, bool settled)
{
	if (settled && may_settle(drbg, generation))
		atomic_store_explicit(&drbg->fit, generation, memory_order_release);
	else
		atomic_store_explicit(&drbg->unsettled, generation, memory_order_relaxed);
}

/* Without a derivation function (use_df of CTR-DRBG) a generator takes no more than its seed is long. */
static size_t fresh_size(const struct drbg *drbg, const char *limit)
{
	size_t most = sizeof(struct sysgenid_fresh);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(limit, &most),
		OSSL_PARAM_construct_end(),
	};

	if (!drbg->inner->get_ctx_params(drbg->state, params) ||
	    most > sizeof(struct sysgenid_fresh))
		return sizeof(struct sysgenid_fresh);
	return most;
}

static int renew(struct drbg *drbg);

static int renew_parent(struct drbg *parent)
{
	int ok;

	if (is_fit(parent, now(parent)))
		return 1;
	if (!parent->inner->lock(parent->state))
		return 0;
	/* Another thread may have been first. */
	ok = is_fit(parent, now(parent)) || renew(parent);
	parent->inner->unlock(parent->state);
	return ok;
}

/*
 * The slow path: the state is not fit for the current generation. What cannot be had (no counter, a kernel
 * that does not say that it is ready) is a failure only when "strict" is set; the bytes are then no
 * worse than without this provider. A reseed that fails is always one.
 */
static __attribute__((noinline, cold)) int renew(struct drbg *drbg)
{
	struct sysgenid_provider *provider = drbg->provider;
	struct sysgenid_counter *counter = &provider->counter;
	struct sysgenid_fresh fresh;
	uint32_t generation;
	bool settled;
	int ok;

	if (!counter->handle)
		return provider->strict ? refuse("there is no generation counter") : 1;
	settled = sysgenid_counter_wait(counter, &generation);
	if (!settled && provider->strict)
		return refuse("the kernel's generator is not reseeded for this generation");
	/* Once is enough until the kernel is ready, however long that takes. */
	if (!settled && atomic_load_explicit(&drbg->unsettled, memory_order_relaxed) == generation)
		return 1;
	if (drbg->parent && !renew_parent(drbg->parent))
		return 0;
	sysgenid_counter_fresh(&fresh, generation);
	/* With prediction resistance parents that are not ours reseed themselves, too. */
	ok = drbg->inner->reseed(drbg->state, !drbg->parent, NULL, 0, (unsigned char *)&fresh,
				 fresh_size(drbg, OSSL_DRBG_PARAM_MAX_ADINLEN));
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	if (ok)
		mark(drbg, generation, settled);
	return ok;
}

static __attribute__((noinline, cold)) int
renew_and_generate(struct drbg *drbg, unsigned char *out, size_t size, unsigned int strength,
		   int prediction_resistance, const unsigned char *input, size_t input_size)
{
	return renew(drbg) ? drbg->generate(drbg->state, out, size, strength, prediction_resistance,
					    input, input_size)
			   : 0;
}

/*
 * Bytes that are under way while the generation changes are not drawn anew: a second look would find some of them,
 * but not those that the caller holds already. So the inner function is the last thing that is called here,
 * and the caller's call stack is no deeper than without us: that alone would cost two percent.
 */
static int drbg_generate(void *ctx, unsigned char *out, size_t size, unsigned int strength,
			 int prediction_resistance, const unsigned char *input, size_t input_size)
{
	struct drbg *drbg = ctx;

	if (!is_fit(drbg, now(drbg)))
		return renew_and_generate(drbg, out, size, strength, prediction_resistance, input,
					  input_size);
	return drbg->generate(drbg->state, out, size, strength, prediction_resistance, input,
			      input_size);
}

/* How a child that is not one of ours gets its seed. */
static size_t drbg_get_seed(void *ctx, unsigned char **out, int entropy, size_t min, size_t max,
			    int prediction_resistance, const unsigned char *input,
			    size_t input_size)
{
	struct drbg *drbg = ctx;

	if (!is_fit(drbg, now(drbg)) && !renew(drbg))
		return 0;
	return drbg->inner->get_seed(drbg->state, out, entropy, min, max, prediction_resistance,
				     input, input_size);
}

static void drbg_clear_seed(void *ctx, unsigned char *out, size_t size)
{
	struct drbg *drbg = ctx;

	drbg->inner->clear_seed(drbg->state, out, size);
}

/*
 * Parameters that are about us and not for the inner one, which would look for its cipher in the provider
 * they name: the name of the generator's provider (from 3.5 on), and a query that asks for us.
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

/* A copy of the list (not of the values) without ours; NULL: no memory. */
static OSSL_PARAM *filter(const OSSL_PARAM *params)
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

static void learn_max_request(struct drbg *drbg)
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

static int drbg_instantiate(void *ctx, unsigned int strength, int prediction_resistance,
			    const unsigned char *text, size_t text_size, const OSSL_PARAM params[])
{
	struct drbg *drbg = ctx;
	struct sysgenid_fresh fresh;
	OSSL_PARAM *filtered;
	uint32_t generation;
	bool settled, is_fresh = drbg->parent || !text;
	int ok;

	if (drbg->parent && !renew_parent(drbg->parent))
		return 0;
	filtered = filter(params);
	if (!filtered)
		return 0;
	/* They say how long the text may be. */
	if (!text && filtered[0].key && !drbg->inner->set_ctx_params(drbg->state, filtered)) {
		OPENSSL_free(filtered);
		return 0;
	}
	settled = sysgenid_counter_wait(&drbg->provider->counter, &generation);
	sysgenid_counter_fresh(&fresh, generation);
	if (!text) {
		text = (unsigned char *)&fresh;
		text_size = fresh_size(drbg, OSSL_DRBG_PARAM_MAX_PERSLEN);
	}
	/* Not fit for any generation, until mark() says so. */
	atomic_store_explicit(&drbg->unsettled, 0, memory_order_relaxed);
	atomic_store_explicit(&drbg->fit, ~generation, memory_order_relaxed);
	ok = drbg->inner->instantiate(drbg->state, strength, prediction_resistance, text, text_size,
				      filtered);
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	OPENSSL_free(filtered);
	learn_max_request(drbg);
	/* Or its seed may be that of a twin, whose parent is a copy, too: its first use renews it. */
	if (ok && is_fresh)
		mark(drbg, generation, settled);
	return ok;
}

static int drbg_uninstantiate(void *ctx)
{
	struct drbg *drbg = ctx;

	return drbg->inner->uninstantiate(drbg->state);
}

static int drbg_reseed(void *ctx, int prediction_resistance, const unsigned char *entropy,
		       size_t entropy_size, const unsigned char *input, size_t input_size)
{
	struct drbg *drbg = ctx;

	return drbg->inner->reseed(drbg->state, prediction_resistance, entropy, entropy_size, input,
				   input_size);
}

static int drbg_enable_locking(void *ctx)
{
	struct drbg *drbg = ctx;

	/* The inner one enables its parents' locks, too: they have to know. */
	if (drbg->parent && !drbg_enable_locking(drbg->parent))
		return 0;
	if (!drbg->inner->enable_locking(drbg->state))
		return 0;
	drbg->locking = true;
	return 1;
}

static int drbg_lock(void *ctx)
{
	struct drbg *drbg = ctx;

	return drbg->locking ? drbg->inner->lock(drbg->state) : 1;
}

static void drbg_unlock(void *ctx)
{
	struct drbg *drbg = ctx;

	if (drbg->locking)
		drbg->inner->unlock(drbg->state);
}

static const OSSL_PARAM *drbg_gettable(void *ctx, void *provctx)
{
	struct sysgenid_provider *provider = provctx;
	struct drbg *drbg = ctx;
	const struct sysgenid_inner *inner = drbg ? drbg->inner : &provider->inner[SYSGENID_CTR];

	/* cppcheck-suppress CastIntegerToAddressAtReturn ; it does not know OpenSSL's types */
	return inner->gettable_ctx_params(drbg ? drbg->state : NULL, provider->wrapped_ctx);
}

static const OSSL_PARAM *drbg_settable(void *ctx, void *provctx)
{
	struct sysgenid_provider *provider = provctx;
	struct drbg *drbg = ctx;
	const struct sysgenid_inner *inner = drbg ? drbg->inner : &provider->inner[SYSGENID_CTR];

	/* cppcheck-suppress CastIntegerToAddressAtReturn ; it does not know OpenSSL's types */
	return inner->settable_ctx_params(drbg ? drbg->state : NULL, provider->wrapped_ctx);
}

/*
 * What OpenSSL asks before each call of generate(). The inner one would look for all the names that it knows:
 * that we need not is what pays for the look at the generation.
 */
static bool asks_for_max_request(const OSSL_PARAM *param)
{
	return !strcmp(param->key, OSSL_RAND_PARAM_MAX_REQUEST) && !param[1].key &&
	       param->data_type == OSSL_PARAM_UNSIGNED_INTEGER &&
	       param->data_size == sizeof(size_t) && param->data;
}

static int drbg_get_params(void *ctx, OSSL_PARAM params[])
{
	struct drbg *drbg = ctx;
	size_t max_request = atomic_load_explicit(&drbg->max_request, memory_order_relaxed);

	if (!max_request || !params[0].key || !asks_for_max_request(params))
		return drbg->inner->get_ctx_params(drbg->state, params);
	memcpy(params[0].data, &max_request, sizeof(max_request));
	params[0].return_size = sizeof(max_request);
	return 1;
}

static int drbg_set_params(void *ctx, const OSSL_PARAM params[])
{
	struct drbg *drbg = ctx;
	OSSL_PARAM *filtered = filter(params);
	int ok = filtered && drbg->inner->set_ctx_params(drbg->state, filtered);

	OPENSSL_free(filtered);
	learn_max_request(drbg);
	return ok;
}

static int drbg_verify_zeroization(void *ctx)
{
	struct drbg *drbg = ctx;

	return drbg->inner->verify_zeroization(drbg->state);
}

static void drbg_free(void *ctx)
{
	struct drbg *drbg = ctx;

	if (!drbg)
		return;
	drbg->inner->freectx(drbg->state);
	OPENSSL_free(drbg);
}

static bool is_ours(const OSSL_DISPATCH *functions);

static void *drbg_new(struct sysgenid_provider *provider, enum sysgenid_kind kind, void *parent,
		      const OSSL_DISPATCH *parent_calls)
{
	struct drbg *drbg = OPENSSL_zalloc(sizeof(*drbg));

	if (!drbg)
		return NULL;
	drbg->provider = provider;
	drbg->page = provider->counter.page;
	drbg->inner = &provider->inner[kind];
	drbg->generate = drbg->inner->generate;
	if (parent && is_ours(parent_calls)) {
		drbg->parent = parent;
		parent = drbg->parent->state;
		parent_calls = drbg->parent->inner->functions;
	}
	drbg->state = drbg->inner->newctx(provider->wrapped_ctx, parent, parent_calls);
	if (!drbg->state) {
		OPENSSL_free(drbg);
		return NULL;
	}
	return drbg;
}

/* One table for each kind; they differ in the first function. */
#define FUNCTION(id, function)                                                                     \
	{                                                                                          \
		OSSL_FUNC_RAND_##id, (void (*)(void))(function)                                    \
	}
#define DRBG(name, kind)                                                                           \
	static void *name##_new(void *provctx, void *parent, const OSSL_DISPATCH *parent_calls)    \
	{                                                                                          \
		return drbg_new(provctx, kind, parent, parent_calls);                              \
	}                                                                                          \
	static const OSSL_DISPATCH name##_functions[] = {                                          \
		FUNCTION(NEWCTX, name##_new),                                                      \
		FUNCTION(FREECTX, drbg_free),                                                      \
		FUNCTION(INSTANTIATE, drbg_instantiate),                                           \
		FUNCTION(UNINSTANTIATE, drbg_uninstantiate),                                       \
		FUNCTION(GENERATE, drbg_generate),                                                 \
		FUNCTION(RESEED, drbg_reseed),                                                     \
		FUNCTION(ENABLE_LOCKING, drbg_enable_locking),                                     \
		FUNCTION(LOCK, drbg_lock),                                                         \
		FUNCTION(UNLOCK, drbg_unlock),                                                     \
		FUNCTION(GETTABLE_CTX_PARAMS, drbg_gettable),                                      \
		FUNCTION(SETTABLE_CTX_PARAMS, drbg_settable),                                      \
		FUNCTION(GET_CTX_PARAMS, drbg_get_params),                                         \
		FUNCTION(SET_CTX_PARAMS, drbg_set_params),                                         \
		FUNCTION(VERIFY_ZEROIZATION, drbg_verify_zeroization),                             \
		FUNCTION(GET_SEED, drbg_get_seed),                                                 \
		FUNCTION(CLEAR_SEED, drbg_clear_seed),                                             \
		{ 0, NULL },                                                                       \
	}

DRBG(ctr, SYSGENID_CTR);
DRBG(hash, SYSGENID_HASH);
DRBG(hmac, SYSGENID_HMAC);

static bool is_ours(const OSSL_DISPATCH *functions)
{
	return functions == ctr_functions || functions == hash_functions ||
	       functions == hmac_functions;
}

#define PROPERTIES "provider=" SYSGENID_PROVIDER_NAME

/* The names are OpenSSL's own, so that a configuration can prefer these and still do without. */
const OSSL_ALGORITHM sysgenid_drbgs[] = {
	{ "CTR-DRBG", PROPERTIES, ctr_functions, "OpenSSL's, renewed in each generation" },
	{ "HASH-DRBG", PROPERTIES, hash_functions, "OpenSSL's, renewed in each generation" },
	{ "HMAC-DRBG", PROPERTIES, hmac_functions, "OpenSSL's, renewed in each generation" },
	{ NULL, NULL, NULL, NULL },
};
