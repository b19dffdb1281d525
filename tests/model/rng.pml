/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair (generation, rng_generation): a device leaks while CPUs make events, work reseeds the
 * kernel's random number generator, and the library's getrandom() returns bytes with a generation.
 *
 * Property: bytes returned with generation v were drawn from a state that was reseeded after v was published,
 * from a pool that already held the fill bytes of the last leak before that. So two clones of a VM, or a
 * clone and its past, never get bytes of a common state together with a generation that is current in either.
 *
 * The device is the harder one: it leaks while the CPUs run, copies before it fills, and the two are not
 * atomic. Numbers are whole tickets: word.pml shows that they never come back.
 *
 * Configurations (-D): LEAKS=n, BUMPS=n, ZERO_AFTER or ZERO_BEFORE (the copy request has a second
 * segment that stores 0 into rng_generation), STOPPED (leaks with the vCPUs stopped), NO_FENCE.
 */
#ifndef LEAKS
#define LEAKS 2
#endif
#ifndef BUMPS
#define BUMPS 2
#endif

byte generation, rng_generation;
byte highest, source[2];
bit avail[2], used[2], irq, busy, driver, wanted;
byte fill[2]; /* the fill request's bytes: which leak they came with */
byte pool; /* the latest leak whose fill bytes have been mixed in */
byte state_leak, state_event; /* the generator's state: pool and published when its reseed began */

byte published; /* ghost: publications so far */
byte leaked; /* ghost: leaks whose copy has landed */
byte word_leak, word_event; /* ghost: both, when the present generation was published */
bit returned; /* ghost */

#define MAX(a, b) ((a) > (b) -> (a) : (b))

inline draw(t)
{
	highest++;
	t = highest
}

inline publish(t)
{
	published++;
	generation = t;
	word_leak = leaked;
	word_event = published
}

/* Makes events. Unlike bump() in word.pml it neither rewrites sources nor fences. */
proctype Cpu()
{
	byte n, k;

	do
	:: k < BUMPS ->
		d_step { draw(n); k++ }
		d_step { publish(n); n = 0 }
		wanted = 1
	:: else -> break
	od
}

proctype Device()
{
	byte q, copy, leaks;

end:	do
	:: atomic {
			leaks < LEAKS && avail[q] -> leaks++;
			busy = 1;
			avail[q] = 0;
			copy = source[q];
#ifdef STOPPED
			leaked++;
			fill[q] = leaked;
			publish(copy);
			used[q] = 1; irq = 1; busy = 0;
			q = 1 - q;
			goto end
#endif
		}
#ifdef ZERO_BEFORE
		rng_generation = 0;
#endif
		d_step { leaked++; publish(copy); copy = 0 }
#ifdef ZERO_AFTER
		rng_generation = 0;
#endif
		fill[q] = leaked;
		d_step { used[q] = 1; irq = 1; busy = 0; q = 1 - q }
	od
}

/* The caller holds driver. The bytes are mixed in before it is dropped. */
inline harvest()
{
	d_step {
		if
		:: used[0] -> used[0] = 0; came = came | 1; mix = MAX(mix, fill[0])
		:: else
		fi;
		if
		:: used[1] -> used[1] = 0; came = came | 2; mix = MAX(mix, fill[1])
		:: else
		fi
	}
#ifdef BROKEN_MIX_OUTSIDE
	driver = 0;
#endif
	d_step { pool = MAX(pool, mix); mix = 0 }
#ifdef BROKEN_MIX_OUTSIDE
	atomic { !driver -> driver = 1 }
#endif
	d_step {
		if
		:: came & 1 -> draw(source[0]); avail[0] = 1
		:: else
		fi;
		if
		:: came & 2 -> draw(source[1]); avail[1] = 1
		:: else
		fi;
		came = 0
	}
}

proctype Interrupt()
{
	byte came, mix;

end:	do
	:: atomic { irq && !driver -> irq = 0; driver = 1 }
		harvest();
		driver = 0;
		wanted = 1
	od
}

proctype Reseed()
{
	byte g, came, mix, leak, event;

end:	do
	:: atomic { wanted -> wanted = 0 }
#ifndef BROKEN_SAMPLE_AFTER
		g = generation;
#endif
#ifndef BROKEN_NO_HARVEST
#ifndef NO_FENCE
		!busy;
#endif
		atomic { !driver -> driver = 1 }
		harvest();
		driver = 0;
#endif
		d_step { leak = pool; event = published }
		d_step { state_leak = leak; state_event = event; leak = 0; event = 0 }
#ifdef BROKEN_SAMPLE_AFTER
		g = generation;
#endif
		d_step { rng_generation = g; g = 0 }
	od
}

proctype Library()
{
	byte g, leak, event;

again:
	g = generation;
	if
	:: rng_generation == g
	:: generation != g -> goto again
	fi;
	d_step { leak = state_leak; event = state_event }
#ifdef BROKEN_LABEL_AFTER
	g = generation;
#endif
	/* rng_generation need not be looked at again: its only way back to g is a reseed after g. */
	if
#ifndef BROKEN_NO_RECHECK
	:: generation != g -> goto again
	:: d_step { generation == g ->
#else
	:: d_step { true ->
#endif
		assert(leak >= word_leak && event >= word_event);
		returned = 1;
		leak = 0; event = 0; g = 0 }
	fi
}

proctype Rest()
{
	timeout;
	assert(!irq && !wanted && !busy && returned);
	assert(rng_generation == generation);
	assert(state_leak == leaked)
}

init
{
	atomic {
		draw(source[0]);
		draw(source[1]);
		avail[0] = 1;
		avail[1] = 1;
		run Device();
		run Interrupt();
		run Reseed();
		run Cpu();
		run Library();
		run Rest()
	}
}
