// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libuuid. Random UUIDs come from getrandom with every call: nothing is to be done here. Time-based ones keep clock
 * sequence, node and a stock of the daemon's in the process, and nothing public renews these. After a change the clock
 * sequence and node are replaced by random ones, one pair a generation (RFC 9562, section 6.10).
 */
#include "preload.h"

#include <string.h>

typedef unsigned char uuid[16];
typedef void time_fn(uuid out);
typedef int time_safe_fn(uuid out);
INTERPOSED time_fn uuid_generate_time;
INTERPOSED time_safe_fn uuid_generate_time_safe;

enum { VERSION = 6, CLOCK_SEQUENCE = 8, NODE = 10 };

static struct preload_state state;
/* Clock sequence and node, as they lie in a UUID; 0: none. Relaxed: any whole one will do. */
static _Atomic uint64_t place;

static void draw(const struct sysgenid_fresh *fresh, void *caller, void *arg)
{
	unsigned char bytes[sizeof(uint64_t)];
	uint64_t drawn;

	(void)caller;
	(void)arg;
	memcpy(&drawn, fresh->kernel, sizeof(drawn));
	if (!drawn)
		return;
	memcpy(bytes, &drawn, sizeof(bytes));
	bytes[0] = (bytes[0] & 0x3f) | 0x80;  /* the variant, above 14 bits of clock sequence */
	bytes[NODE - CLOCK_SEQUENCE] |= 0x01; /* a multicast address: no network card's */
	memcpy(&drawn, bytes, sizeof(drawn));
	atomic_store_explicit(&place, drawn, memory_order_relaxed);
}

static void adapt(uuid out, void *caller)
{
	uint64_t here;

	if (!preload_renew(&state, draw, caller, NULL))
		preload_refuse("uuid_generate_time");
	here = atomic_load_explicit(&place, memory_order_relaxed);
	if (here && preload_changed_since_start())
		memcpy(out + CLOCK_SEQUENCE, &here, sizeof(here));
}

/* There is no libuuid behind us: a random one. */
static void make(uuid out)
{
	preload_must_fill(out, sizeof(uuid), "uuid_generate_time");
	out[VERSION] = (out[VERSION] & 0x0f) | 0x40;
	out[CLOCK_SEQUENCE] = (out[CLOCK_SEQUENCE] & 0x3f) | 0x80;
}

void uuid_generate_time(uuid out)
{
	void *caller = CALLER;
	NEXT(time_fn, uuid_generate_time);

	if (!next) {
		make(out);
		return;
	}
	next(out);
	adapt(out, caller);
}

int uuid_generate_time_safe(uuid out)
{
	void *caller = CALLER;
	NEXT(time_safe_fn, uuid_generate_time_safe);
	int unsafe;

	if (!next) {
		make(out);
		return 0;
	}
	unsafe = next(out);
	adapt(out, caller);
	return unsafe;
}
