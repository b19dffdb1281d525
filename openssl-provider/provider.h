/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One loaded instance of the provider; shared by its files. */
#ifndef SYSGENID_PROVIDER_H
#define SYSGENID_PROVIDER_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>

#include "renew.h"

#define SYSGENID_PROVIDER_NAME "sysgenid"

/* The functions of OpenSSL's own generators, by their names in core_dispatch.h. */
struct sysgenid_inner {
	const OSSL_DISPATCH *functions; /* the table that they are from */
	OSSL_FUNC_rand_newctx_fn *newctx;
	OSSL_FUNC_rand_freectx_fn *freectx;
	OSSL_FUNC_rand_instantiate_fn *instantiate;
	OSSL_FUNC_rand_uninstantiate_fn *uninstantiate;
	OSSL_FUNC_rand_generate_fn *generate;
	OSSL_FUNC_rand_reseed_fn *reseed;
	OSSL_FUNC_rand_enable_locking_fn *enable_locking;
	OSSL_FUNC_rand_lock_fn *lock;
	OSSL_FUNC_rand_unlock_fn *unlock;
	OSSL_FUNC_rand_gettable_ctx_params_fn *gettable_ctx_params;
	OSSL_FUNC_rand_settable_ctx_params_fn *settable_ctx_params;
	OSSL_FUNC_rand_get_ctx_params_fn *get_ctx_params;
	OSSL_FUNC_rand_set_ctx_params_fn *set_ctx_params;
	OSSL_FUNC_rand_verify_zeroization_fn *verify_zeroization;
	OSSL_FUNC_rand_get_seed_fn *get_seed;
	OSSL_FUNC_rand_clear_seed_fn *clear_seed;
};

enum sysgenid_kind {
	SYSGENID_CTR,
	SYSGENID_HASH,
	SYSGENID_HMAC,
	SYSGENID_KINDS,
};

/* Written by OSSL_provider_init() and only read later; the counter sees to itself. */
struct sysgenid_provider {
	OSSL_LIB_CTX *libctx;	/* a child of the one we were loaded into */
	OSSL_PROVIDER *wrapped; /* the default provider */
	void *wrapped_ctx;	/* what its functions want as provctx */
	struct sysgenid_inner inner[SYSGENID_KINDS];
	struct renew_counter counter;
	bool strict;
	char build_info[160];
};

/* inner.c: 1, or 0 with an error raised */
int sysgenid_inner_load(struct sysgenid_provider *provider);
void sysgenid_inner_unload(struct sysgenid_provider *provider);

/* report.c: to the system's log */
void sysgenid_report_absence(const struct sysgenid_provider *provider, bool on_stderr);

/* drbg.c */
extern const OSSL_ALGORITHM sysgenid_drbgs[];

#endif /* SYSGENID_PROVIDER_H */
