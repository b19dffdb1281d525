// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * GnuTLS: each thread has generators of its own, which gnutls_rnd_refresh() keys anew from libc's
 * getrandom. Nothing can be added to them: criu's plugin has to see to that getrandom. GnuTLS's own
 * calls come through here as well.
 */
#include "preload.h"

#define RANDOM_FAILED (-206) /* GNUTLS_E_RANDOM_FAILED */

typedef int rnd_fn(int level, void *to, size_t size);
INTERPOSED rnd_fn gnutls_rnd;

static __thread struct preload_states states __attribute__((tls_model("initial-exec")));

static const char *refresh(const struct renew_bytes *bytes, void *caller, void *arg)
{
	NEXT(void(void), gnutls_rnd_refresh);
	rnd_fn *rnd = (rnd_fn *)arg;
	unsigned char unused;

	(void)bytes;
	if (!next)
		return NO_RENEWAL;
	/* Makes the thread's generators if the thread has none yet. */
	if (rnd(0, &unused, sizeof(unused)))
		return RENEWAL_FAILED;
	next();
	return NULL;
}

int gnutls_rnd(int level, void *to, size_t size)
{
	void *caller = CALLER;
	NEXT(rnd_fn, gnutls_rnd);

	switch (preload_renew(preload_state(&states, copy), refresh, caller, (void *)next)) {
	case PRELOAD_READY:
		return next(level, to, size);
	case PRELOAD_KERNEL:
		return renew_kernel_bytes(to, size) ? 0 : RANDOM_FAILED;
	default:
		return RANDOM_FAILED;
	}
}
