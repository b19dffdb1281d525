// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libuuid. Random UUIDs come from getrandom with every call: nothing is to be done here. Time-based
 * ones keep clock sequence, node and a stock of the daemon's in the process, and nothing public
 * renews these. After a change the clock sequence and node are replaced by random ones, one pair a
 * generation (RFC 9562, section 6.10).
 */
#include "preload.h"

#include <string.h>

typedef unsigned char uuid[16];
typedef void time_fn(uuid out);
typedef int time_safe_fn(uuid out);
INTERPOSED time_fn uuid_generate_time, uuid_generate_time_v6;
INTERPOSED time_safe_fn uuid_generate_time_safe;

enum { VERSION = 6, CLOCK_SEQUENCE = 8, NODE = 10 };

static struct renew_state state;
/* Clock sequence and node, as they lie in a UUID; 0: none. Relaxed: any whole one will do. */
static _Atomic uint64_t place;

static const char *draw(const struct renew_bytes *bytes, void *caller, void *arg)
{
	unsigned char drawn[sizeof(uint64_t)];
	uint64_t whole;

	(void)caller;
	(void)arg;
	memcpy(drawn, bytes->kernel, sizeof(drawn));
	drawn[0] = (drawn[0] & 0x3f) | 0x80;  /* the variant, above 14 bits of clock sequence */
	drawn[NODE - CLOCK_SEQUENCE] |= 0x01; /* a multicast address: no network card's */
	memcpy(&whole, drawn, sizeof(whole));
	atomic_store_explicit(&place, whole, memory_order_relaxed);
	return NULL;
}

static void adapt(uuid out, void *caller, const char *function)
{
	uint64_t here;

	(void)preload_must_renew(&state, draw, caller, &place, function);
	here = atomic_load_explicit(&place, memory_order_relaxed);
	if (here && preload_changed_since_start())
		memcpy(out + CLOCK_SEQUENCE, &here, sizeof(here));
}

/* There is no libuuid: make a random UUID. */
static void make(uuid out, void *caller, const char *function)
{
	(void)preload_must_renew(&state, draw, caller, NULL, function);
	preload_must_fill(out, sizeof(uuid), function);
	out[VERSION] = (out[VERSION] & 0x0f) | 0x40;
	out[CLOCK_SEQUENCE] = (out[CLOCK_SEQUENCE] & 0x3f) | 0x80;
}

/* Both have clock sequence and node in the same bytes. */
#define TIME(function)                                                                             \
	void function(uuid out)                                                                    \
	{                                                                                          \
		void *caller = CALLER;                                                             \
		NEXT(time_fn, function);                                                           \
                                                                                                   \
		if (!next) {                                                                       \
			make(out, caller, __func__);                                               \
			return;                                                                    \
		}                                                                                  \
		next(out);                                                                         \
		adapt(out, caller, __func__);                                                      \
	}

TIME(uuid_generate_time)
TIME(uuid_generate_time_v6)

int uuid_generate_time_safe(uuid out)
{
	void *caller = CALLER;
	NEXT(time_safe_fn, uuid_generate_time_safe);
	int unsafe;

	if (!next) {
		make(out, caller, __func__);
		return 0;
	}
	unsafe = next(out);
	adapt(out, caller, __func__);
	return unsafe;
}
