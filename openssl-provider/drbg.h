/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One generator, as the files that implement it share it. */
#ifndef SYSGENID_PROVIDER_DRBG_H
#define SYSGENID_PROVIDER_DRBG_H

#include "provider.h"

struct drbg {
	/* What each call needs comes first, in one cache line. */
	struct sysgenid mapped;		      /* the counter's */
	OSSL_FUNC_rand_generate_fn *generate; /* the inner one */
	void *state;			      /* the inner generator */
	struct renew_state renewed;
	bool locking; /* the inner one has a lock; set before it is shared */
	/*
	 * How much one call may draw; 0: the inner one has to say. It changes with the state only.
	 */
	_Atomic size_t max_request;
	struct sysgenid_provider *provider;
	const struct sysgenid_inner *inner;
	struct drbg *parent; /* if it is one of ours; OpenSSL keeps it longer than its children */
};

/* parameters.c */

/* How many of the kernel's bytes the generator takes; @limit: the parameter that says it. */
size_t drbg_fresh_size(const struct drbg *drbg, const char *limit);

/*
 * A copy of the list (not of the values) without the parameters that are about us; NULL: no memory.
 */
OSSL_PARAM *drbg_filter(const OSSL_PARAM *params);

/* After all that changes how much one call may draw. */
void drbg_learn_max_request(struct drbg *drbg);

OSSL_FUNC_rand_gettable_ctx_params_fn drbg_gettable;
OSSL_FUNC_rand_settable_ctx_params_fn drbg_settable;
OSSL_FUNC_rand_get_ctx_params_fn drbg_get_params;
OSSL_FUNC_rand_set_ctx_params_fn drbg_set_params;

#endif /* SYSGENID_PROVIDER_DRBG_H */
