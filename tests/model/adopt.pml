/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers and domains: one reseed serves all counters, and a domain comes into being while
 * leaks, events and reseeds go on. rng.pml is about one counter; docs/protocol.md is the prose.
 *
 * Property: bytes that are returned with the domain's generation v come from a state whose pool held
 * the fill bytes of the last leak before v was published, and that was seeded after the last event of
 * the system's before that. (For one counter the reseed is after v itself. A domain's first number may
 * be published after it: nobody can have shared the state since.) At rest rng_generation is right.
 *
 * Which step is which function: Reseed is reseed_all() with reseed_store(), Life is
 * sysgenid_domain_get() with sysgenid_counter_begin() and sysgenid_reseed_adopt(), Event is
 * sysgenid_event(), Library is the library's getrandom().
 *
 * Left out: tickets are drawn when they are stored (word.pml and domains.pml have the time between);
 * a leak finds its requests, the copies and the fill, and executes them in any order; bytes are
 * mixed in when they are taken back (rng.pml). One domain, whose page has several lives.
 *
 * Configurations (-D): LEAKS=n, LIVES=n, EVENT (a CPU makes one of the system's), OWN (the domain
 * makes one of its own in its first life). Broken variants (-DBROKEN_...): an assertion must reject
 * each.
 */
#ifndef LEAKS
#define LEAKS 1
#endif
#ifndef LIVES
#define LIVES 2
#endif

#define S 0 /* the system's counter */
#define D 1 /* the domain's */
#define MAX(a, b) ((a) > (b) -> (a) : (b))

byte word[2], rng_generation[2], highest[2];
bit list, listed;
bit armed; /* a leak will store the domain's word */
byte users, looked, began;
byte sample; /* 0: none in this life, as a reseed_sample */
bit busy, irq, wanted;
byte fill; /* the leak that the fill bytes which have come back are of */
byte pool; /* the last leak whose bytes have been mixed in */
byte state_leak, state_event; /* the generator's: pool and published when its reseed began */

byte published; /* ghost: events of the system's */
byte landed; /* ghost: leaks that have moved the system's word */
byte word_leak, word_event; /* ghost: the last of both when the domain's word was published */
bit returned; /* ghost */

inline publish(c, t, leak)
{
	word[c] = t;
	if
	:: c == D -> word_leak = leak; word_event = published
	:: else
	fi
}

inline draw(c, t)
{
	highest[c]++;
	t = highest[c]
}

inline move(c)
{
	d_step {
		draw(c, n);
		if
		:: c == S -> published++
		:: else
		fi;
		publish(c, n, landed);
		n = 0
	}
}

inline first_domain()
{
	d_step { !list -> found = listed; users = users + listed }
}

inline put()
{
	d_step { !list -> users--; listed = (users > 0); found = 0 }
}

#ifdef EVENT
proctype Event()
{
	byte n;
	bit found;

	move(S);
	wanted = 1;
	first_domain();
	if
	:: found -> move(D); wanted = 1; put()
	:: else
	fi
}
#endif

proctype Device()
{
	byte leaks, copy;
	bit system, bytes, domain;

end:	do
	:: d_step { leaks < LEAKS -> leaks++; busy = 1; system = 1; bytes = 1 }
		domain = armed;
		do
		:: d_step { system -> system = 0; draw(S, copy); publish(S, copy, 0); landed++; copy = 0 }
		:: d_step { bytes -> bytes = 0; fill = leaks }
		:: d_step { domain -> domain = 0; draw(D, copy); publish(D, copy, leaks); copy = 0 }
		:: !system && !bytes && !domain -> break
		od;
		atomic { busy = 0; irq = 1 }
	od
}

inline harvest()
{
	d_step { pool = MAX(pool, fill) }
}

/* The interrupt, and the work item that follows it. */
proctype Interrupt()
{
end:	do
	:: d_step { irq -> irq = 0; harvest(); wanted = 1 }
	od
}

inline sample_domain()
{
	first_domain();
	if
	:: found -> sample = word[D]; put()
	:: else
	fi
}

inline store_domain()
{
	first_domain();
	if
	:: found ->
		d_step {
			if
			:: sample -> rng_generation[D] = sample
			:: else
			fi
		}
		put()
	:: else
	fi
}

proctype Reseed()
{
	byte g, leak, event;
	bit found;

end:	do
	:: atomic { wanted -> wanted = 0 }
		g = word[S];
#ifndef BROKEN_SAMPLE_AFTER
		sample_domain();
#endif
		!busy;
		harvest();
		d_step { leak = pool; event = published }
		d_step { state_leak = leak; state_event = event; leak = 0; event = 0 }
#ifdef BROKEN_SAMPLE_AFTER
		sample_domain();
#endif
		d_step { rng_generation[S] = g; g = 0 }
		store_domain()
	od
}

inline look()
{
	d_step {
		if
		:: word[S] != looked -> looked = word[S]; highest[S]++
		:: else
		fi;
		n = highest[S] + 1
	}
}

inline begin()
{
	d_step { highest[D] = n }
	!armed || !busy;
	d_step {
#ifndef BROKEN_KEEP_SAMPLE
		sample = 0;
#endif
#ifndef BROKEN_KEEP_RNG
		rng_generation[D] = 0;
#endif
		began = n;
		publish(D, n, landed);
		n = 0
	}
}

inline adopt()
{
#ifdef BROKEN_ADOPT_WORD
	began = word[D];
#endif
#ifndef BROKEN_ADOPT_EARLY
	n = word[S];
	found = (rng_generation[S] == n);
#endif
	d_step {
		n = 0;
		if
#ifdef BROKEN_ADOPT_OVER
		:: found -> rng_generation[D] = began
#else
		:: found && !rng_generation[D] -> rng_generation[D] = began
#endif
		:: !found -> wanted = 1
		:: else
		fi;
		found = 0
	}
}

proctype Life()
{
	byte n, lives;
	bit found;

	do
	:: lives < LIVES ->
		d_step { !list -> found = listed; users = users + listed; list = !listed; lives++ }
		if
		:: !found ->
#ifdef BROKEN_ADOPT_EARLY
			n = word[S];
			found = (rng_generation[S] == n);
#endif
			look();
			begin();
			armed = 1;
			!busy;
			look();
			if
			:: n != began -> begin()
			:: else -> n = 0
			fi;
			d_step { listed = 1; users = 1; list = 0 }
			adopt()
		:: else -> found = 0
		fi;
#ifdef OWN
		if
		:: lives == 1 -> move(D); wanted = 1
		:: else
		fi;
#endif
		if
		:: lives < LIVES -> put()
		:: else
		fi
	:: else -> break
	od
}

/* The library draws bytes in the life in which it finds the domain. */
proctype Library()
{
	byte g, leak, event;
	bit found;

	d_step { listed && !list -> users++ }
again:
	g = word[D];
	if
	:: rng_generation[D] == g
	:: word[D] != g -> goto again
	fi;
	d_step { leak = state_leak; event = state_event }
	if
	:: word[D] != g -> goto again
	:: d_step { word[D] == g ->
		assert(leak >= word_leak && event >= word_event);
		returned = 1;
		leak = 0; event = 0; g = 0 }
	fi;
	put()
}

proctype Rest()
{
	timeout;
	assert(!irq && !wanted && !busy && !list && listed && returned);
	assert(rng_generation[S] == word[S] && rng_generation[D] == word[D]);
	assert(state_leak == landed)
}

init
{
	atomic {
		run Device();
		run Interrupt();
		run Reseed();
#ifdef EVENT
		run Event();
#endif
		run Life();
		run Library();
		run Rest()
	}
}
