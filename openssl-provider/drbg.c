// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The generators. Each one checks the generation and then calls one of OpenSSL's own generators,
 * its inner generator.
 *
 * OpenSSL asks a generator's parent for its reseed count in each call. The inner generators know
 * each other directly, so that this costs no more than without us. A generator that is fit for a
 * generation was renewed in it, and its parents before it: seeds that it takes later in the same
 * generation come from a renewed parent.
 *
 * THREADS. OpenSSL's generators of each thread are used by that thread alone. The primary one is
 * shared: libssl 3.0 holds the inner lock around our functions, 3.5 takes it inside of the inner
 * ones only. So nothing here relies on it: the fields are atomic, and two threads that see a change
 * at once renew twice. Locks are taken from child to parent, as OpenSSL does.
 *
 * FORK. The child has its own copy of all, and the mapping goes on; the inner generator sees the
 * new process id by itself, as ever.
 */
#include "drbg.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/proverr.h>

static inline bool is_fit(const struct drbg *drbg)
{
	return renew_is_fit(&drbg->renewed, &drbg->mapped);
}

/*
 * A state that is made without a counter is not used if "strict" is set: its first use asks again.
 */
static void note(struct drbg *drbg, uint32_t generation, bool reseeded)
{
	const struct sysgenid_provider *provider = drbg->provider;

	renew_note(&provider->counter, &drbg->renewed, generation,
		   reseeded && (provider->counter.handle || !provider->strict));
}

static int renew_drbg(struct drbg *drbg);

static int renew_parent(struct drbg *parent)
{
	int ok;

	if (is_fit(parent))
		return 1;
	if (!parent->inner->lock(parent->state))
		return 0;
	/* Another thread may have done it first. */
	ok = is_fit(parent) || renew_drbg(parent);
	parent->inner->unlock(parent->state);
	return ok;
}

static const char *feed(const struct renew_bytes *bytes, void *arg)
{
	struct drbg *drbg = arg;

	if (drbg->parent && !renew_parent(drbg->parent))
		return "the generator that it is seeded from cannot be renewed";
	/* With prediction resistance parents that are not ours reseed themselves, too. */
	if (!drbg->inner->reseed(drbg->state, !drbg->parent, NULL, 0, (const unsigned char *)bytes,
				 drbg_fresh_size(drbg, OSSL_DRBG_PARAM_MAX_ADINLEN)))
		return "OpenSSL cannot reseed the generator";
	return NULL;
}

/* The slow path. Returns 1, or 0 with an error raised. */
static __attribute__((noinline, cold)) int renew_drbg(struct drbg *drbg)
{
	struct sysgenid_provider *provider = drbg->provider;
	const char *why = renew(&provider->counter, &drbg->renewed, provider->strict, feed, drbg);

	if (why)
		ERR_raise_data(ERR_LIB_PROV, PROV_R_ERROR_RETRIEVING_ENTROPY, "sysgenid: %s", why);
	return !why;
}

static __attribute__((noinline, cold)) int
renew_and_generate(struct drbg *drbg, unsigned char *out, size_t size, unsigned int strength,
		   int prediction_resistance, const unsigned char *input, size_t input_size)
{
	return renew_drbg(drbg) ? drbg->generate(drbg->state, out, size, strength,
						 prediction_resistance, input, input_size)
				: 0;
}

/*
 * Bytes that are under way while the generation changes are not drawn anew: a second look would
 * find some of them, but not those that the caller holds already. So the inner function is the last
 * thing that is called here, and the caller's call stack is no deeper than without us: that alone
 * would cost two percent.
 */
static int drbg_generate(void *ctx, unsigned char *out, size_t size, unsigned int strength,
			 int prediction_resistance, const unsigned char *input, size_t input_size)
{
	struct drbg *drbg = ctx;

	if (!is_fit(drbg))
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

	if (!is_fit(drbg) && !renew_drbg(drbg))
		return 0;
	return drbg->inner->get_seed(drbg->state, out, entropy, min, max, prediction_resistance,
				     input, input_size);
}

static void drbg_clear_seed(void *ctx, unsigned char *out, size_t size)
{
	struct drbg *drbg = ctx;

	drbg->inner->clear_seed(drbg->state, out, size);
}

/* The inner one's instantiate(), with @bytes in the place of a text that nobody has given. */
static int instantiate_inner(struct drbg *drbg, unsigned int strength, int prediction_resistance,
			     const unsigned char *text, size_t text_size,
			     const struct renew_bytes *bytes, const OSSL_PARAM params[])
{
	OSSL_PARAM *filtered = drbg_filter(params);
	int ok;

	if (!filtered)
		return 0;
	/* These parameters say how long the text may be. */
	ok = text || !filtered[0].key || drbg->inner->set_ctx_params(drbg->state, filtered);
	if (ok && !text) {
		text = (const unsigned char *)bytes;
		text_size = drbg_fresh_size(drbg, OSSL_DRBG_PARAM_MAX_PERSLEN);
	}
	ok = ok && drbg->inner->instantiate(drbg->state, strength, prediction_resistance, text,
					    text_size, filtered);
	OPENSSL_free(filtered);
	return ok;
}

static int drbg_instantiate(void *ctx, unsigned int strength, int prediction_resistance,
			    const unsigned char *text, size_t text_size, const OSSL_PARAM params[])
{
	struct drbg *drbg = ctx;
	struct renew_bytes bytes;
	uint32_t generation;
	bool reseeded, drawn;
	int ok;

	if (drbg->parent && !renew_parent(drbg->parent))
		return 0;
	reseeded = renew_wait(&drbg->provider->counter, &generation);
	drawn = renew_bytes_draw(&bytes, generation);
	/* Not fit for any generation, until note() says so. */
	atomic_store_explicit(&drbg->renewed.early, RENEW_NEVER, memory_order_relaxed);
	atomic_store_explicit(&drbg->renewed.fit, RENEW_NEVER, memory_order_relaxed);
	ok = instantiate_inner(drbg, strength, prediction_resistance, text, text_size, &bytes,
			       params);
	OPENSSL_cleanse(&bytes, sizeof(bytes));
	drbg_learn_max_request(drbg);
	/*
	 * Otherwise a clone may have the same seed, since its parent is a copy, too; or the kernel
	 * gave no bytes. Then the first use renews the state, or fails.
	 */
	if (ok && (drbg->parent || !text) && drawn)
		note(drbg, generation, reseeded);
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

	/* The inner generator enables its parents' locks, too: our parents must know. */
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
	drbg->mapped = provider->counter.mapped;
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
