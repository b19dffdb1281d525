/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generation word and those who write it: CPUs (events, an import of an image's history), the
 * handler of the leak interrupt, and one or two virtio-rng devices that copy an armed source into
 * the word without any lock. docs/protocol.md is the prose; names and order of steps are the same.
 *
 * The model keeps whole tickets. The word that guests see is LOW(word), five bits in place of 32, and
 * protocol code looks at nothing else of it. Variables marked "ghost" exist for the assertions.
 *
 * Configurations (-D):
 *   LEAKS=n   leaks of each device               BUMPS=n   events of CPU 0
 *   IMPORT    CPU 0 imports an image's mark      EVENT     CPU 1 makes an event
 *   UNBIND    CPU 1 unbinds and binds the driver
 *   REMOVE    with UNBIND: it is not bound again, and leaks to no device do not count
 *   TWO       two devices on the same word       PLAIN     RFC device without the latch
 *   COALESCE  leaks that wait count as one       DRAIN     a leak may take a request added meanwhile
 *   SYNCKICK  with PLAIN: the device looks at a new request before it can leak again
 *   T0=n      ticket to start at (29: the numbers wrap during the run)
 *   READER    a reader of the mapped word        SLEEPER   a sleeper in read() or poll()
 *   DUMP      a program is frozen                COVERED   claim: every leak finds its queue armed
 * Broken variants (-DBROKEN_...): an assertion must reject each.
 */
#ifndef LEAKS
#define LEAKS 2
#endif
#ifndef BUMPS
#define BUMPS 1
#endif
#ifndef T0
#define T0 0
#endif
#ifdef TWO
#define NDEV 2
#else
#define NDEV 1
#endif
#define NSLOT (2 * NDEV)
#define MASK 31
#define LOW(ticket) ((ticket) & MASK)
#define BIT(ticket) (1 << LOW(ticket))

byte word = T0; /* the ticket whose low half stands in the page */
byte highest = T0; /* lock */
byte top = T0; /* lock */
byte source[NSLOT]; /* what a device reads; the kernel's note of it (slot.ticket) is the same number */
bit listed[NDEV]; /* lock: an event rewrites this device's sources */
bit lock, events, driver[NDEV];

/* virtqueues: one request each */
bit avail[NSLOT], used[NSLOT], irq[NDEV], confirm;
/* device */
bit live[NDEV], busy[NDEV], turn[NDEV];
byte latched[NDEV]; /* leaks that wait for a request */
byte signalled[NDEV]; /* plain device: queue + 1, 0 for none */

bit queued, asleep; /* the sleeper */
byte acked = LOW(T0);

int published = BIT(T0); /* ghost: low halves that have been in the word */
byte maxpub = T0; /* ghost */
bit moved; /* ghost: an event was complete since the reader looked */
bit uncovered; /* ghost: a leak after which nothing has been published yet */
bit answered; /* ghost: the import has been answered */
byte mark; /* the image's */
byte done; /* ghost */

#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define TICKET_AT(w) ((highest & (255 - MASK)) | (w))
#ifdef BROKEN_NO_WRAP
#define CURRENT(w) (w) /* numbers compared as they are */
#define NOTE(t) LOW(t)
#else
#define CURRENT(w) (TICKET_AT(w) <= highest -> TICKET_AT(w) : TICKET_AT(w) - MASK - 1)
#define NOTE(t) (t)
#endif

inline acquire(l)
{
	atomic { !l -> l = 1 }
}

inline draw(t)
{
	highest++;
	if
	:: LOW(highest) == 0 -> highest++
	:: else
	fi;
	t = highest
}

/* A 32-bit store into the word. (1) and (2): the number has never been there. */
inline publish(t)
{
	assert(!(published & BIT(t)));
	assert((t) <= highest);
	assert(!answered || (t) > mark); /* (5) */
	published = published | BIT(t);
	word = t;
	maxpub = MAX(maxpub, t);
	moved = 1;
	uncovered = 0
}

inline wake()
{
	queued = 0
}

/*
 * An event of a CPU; the caller holds events and has i, n, t. The new ticket is above the number
 * @above, if that is above the word. Each source is rewritten in a step of its own.
 */
inline bump(above)
{
	d_step {
		!lock -> lock = 1;
		t = CURRENT(LOW(word));
#ifndef BROKEN_NO_WRAP
		assert(t == word);
#endif
		if
		:: above > LOW(t) && highest < t + above - LOW(t) -> highest = t + above - LOW(t)
		:: else
		fi;
#ifdef BROKEN_PLUS_ONE
		n = MAX(t, above) + 1;
		highest = MAX(highest, n);
#else
		draw(n);
#endif
		t = 0;
		i = 0
	}
#ifdef BROKEN_STORE_FIRST
	d_step { publish(n); top = MAX(top, n) }
#endif
#ifndef BROKEN_NO_REWRITE
	do
	:: d_step { i < NSLOT && listed[i / 2] -> draw(source[i]); i++ }
	:: d_step { i < NSLOT && !listed[i / 2] -> i++ }
	:: i == NSLOT -> break
	od;
#endif
	lock = 0;
#ifndef BROKEN_NO_FENCE
	!busy[0];
#ifdef TWO
	!busy[1];
#endif
#endif
#ifndef BROKEN_STORE_FIRST
	d_step { !lock -> publish(n); top = MAX(top, n); n = 0 }
#endif
	wake()
}

inline arm(s)
{
	d_step {
		!lock ->
#ifndef BROKEN_SAME_TICKET
		draw(source[s])
#endif
	}
	avail[s] = 1
}

/* CPUs */

#ifdef IMPORT
/* A restored image's history. The restored program may have seen every ticket up to the mark. */
proctype Cpu0()
{
	byte i, n, t;

	if /* the number of an armed source, of both, or far above */
	:: mark = T0 + 1
	:: mark = T0 + 2
	:: (T0 == 0) -> mark = 9
	fi;
	acquire(events);
	bump(LOW(mark));
	d_step {
		events = 0;
		answered = 1;
		assert(word > mark) /* (5), and publish() from now on */
	}
	done++
}
#else
proctype Cpu0()
{
	byte i, n, t, k;

	do
	:: k < BUMPS ->
		acquire(events);
		bump(0);
		d_step { events = 0; k++ }
	:: else -> break
	od;
	done++
}
#endif

#ifdef EVENT
proctype Cpu1()
{
	byte i, n, t;

	acquire(events);
	bump(0);
	events = 0;
	done++
}
#define DONE 2
#endif

#ifdef UNBIND
/* Unbind and bind again, as suspend and resume do. Device 0. */
proctype Cpu1()
{
	byte i, n, t;

#ifdef BROKEN_UNLIST_FIRST
	d_step { !lock -> listed[0] = 0 }
#endif
	/* The reset is synchronous: it is answered between two requests. */
	d_step {
		!busy[0] -> live[0] = 0;
		latched[0] = 0; turn[0] = 0; signalled[0] = 0
	}
	/* The callbacks have ended and the queues are freed: an interrupt that has not been handled is lost. */
	d_step { !driver[0] -> irq[0] = 0; avail[0] = 0; avail[1] = 0; used[0] = 0; used[1] = 0 }
	d_step { !lock -> listed[0] = 0 }
#ifndef BROKEN_SILENT_UNBIND
	acquire(events);
	bump(0);
	events = 0;
#endif
#ifndef REMOVE
	d_step { !lock -> listed[0] = 1; draw(source[0]); draw(source[1]) }
	avail[0] = 1;
#ifndef PLAIN
	avail[1] = 1;
#endif
	live[0] = 1; /* DRIVER_OK */
#ifndef BROKEN_SILENT_BIND
	acquire(events);
	bump(0);
	events = 0;
#endif
#endif
	done++
}
#define DONE 2
#endif

#ifndef DONE
#define DONE 1
#endif

/* The leak interrupt, and the work item that follows it */

inline rearm(d, q)
{
	d_step {
		!lock -> used[2 * d + q] = 0;
		top = MAX(top, source[2 * d + q])
	}
#ifdef PLAIN
	arm(2 * d + 1 - q)
#else
	arm(2 * d + q)
#endif
}

proctype Interrupt(byte d)
{
end:	do
	:: d_step { irq[d] && !driver[d] -> irq[d] = 0; driver[d] = 1 }
		do
		:: used[2 * d] -> rearm(d, 0)
		:: used[2 * d + 1] -> rearm(d, 1)
		:: !used[2 * d] && !used[2 * d + 1] -> break
		od;
		driver[d] = 0;
		confirm = 1
	od
}

proctype Confirm()
{
	byte i, n, t;

end:	do
	:: confirm ->
		confirm = 0;
#ifndef BROKEN_NO_WAKE
		wake();
#endif
		acquire(events);
		d_step {
			!lock -> t = CURRENT(LOW(word));
			if
#ifdef PLAIN
#ifndef BROKEN_PLAIN_NO_BUMP
			:: true -> t = 1
#else
			:: t < top -> t = 1
			:: else -> t = 0
#endif
#elif defined(BROKEN_NO_REPAIR)
			:: true -> t = 0
#else
			:: t < NOTE(top) -> t = 1
			:: else -> t = 0
#endif
			fi
		}
		if
		:: t -> bump(0)
		:: else
		fi;
		d_step { events = 0; t = 0 }
	od
}

/* The device. Latch: a request is executed when its queue is active and a leak has happened. */

inline load(d, q)
{
	busy[d] = 1;
	avail[2 * d + q] = 0;
	copy = source[2 * d + q]
}

inline store_and_return(d, q, next)
{
#ifdef BROKEN_TORN
	/* High bits were read before, low bits are read now. */
	copy = (copy & (255 - 3)) | (source[2 * d + q] & 3);
#endif
	atomic { publish(copy); copy = 0 }
	atomic { used[2 * d + q] = 1; irq[d] = 1; busy[d] = 0; turn[d] = next }
}

#ifndef PLAIN
proctype Device(byte d)
{
	byte copy, leaks;

end:	do
	:: d_step { leaks < LEAKS && live[d] && !avail[2 * d + turn[d]] ->
			leaks++; uncovered = 1;
#ifdef COALESCE
			latched[d] = 1;
#else
			latched[d]++;
#endif
#ifdef COVERED
			assert(false);
#endif
		}
#ifndef REMOVE
	:: d_step { leaks < LEAKS && !live[d] -> leaks++; uncovered = 1 }
#endif
	:: d_step {
			live[d] && avail[2 * d + turn[d]] && (latched[d] || leaks < LEAKS) ->
			if
			:: latched[d] -> latched[d]--
			:: else -> leaks++
			fi;
			load(d, turn[d])
		}
#ifdef DRAIN
		d_step { publish(copy); copy = 0 }
		d_step { used[2 * d + turn[d]] = 1; irq[d] = 1 }
		if /* what the driver adds meanwhile may go with the same leak */
		:: d_step { avail[2 * d + turn[d]] -> load(d, turn[d]) }
			store_and_return(d, turn[d], 1 - turn[d])
		:: d_step { true -> busy[d] = 0; turn[d] = 1 - turn[d] }
		fi
#else
		store_and_return(d, turn[d], 1 - turn[d])
#endif
	od
}
#else
/*
 * Plain: leaks happen while the vCPUs are stopped; a request that arrives on the queue that was
 * signalled last is executed at once, while they run.
 */
#define KICKED(d) (signalled[d] && avail[2 * d + signalled[d] - 1])
#ifdef SYNCKICK
#define PENDING(d) KICKED(d)
#else
#define PENDING(d) 0
#endif

proctype Device(byte d)
{
	byte copy, leaks;

end:	do
	:: atomic {
			leaks < LEAKS && live[d] && !PENDING(d) -> leaks++;
			if
			:: avail[2 * d + turn[d]] ->
				load(d, turn[d]);
				store_and_return(d, turn[d], turn[d])
			:: else ->
				uncovered = 1;
#ifdef COVERED
				assert(false);
#endif
			fi;
			signalled[d] = turn[d] + 1;
			turn[d] = 1 - turn[d]
		}
#ifndef REMOVE
	:: d_step { leaks < LEAKS && !live[d] -> leaks++; uncovered = 1 }
#endif
	:: d_step { live[d] && KICKED(d) -> load(d, signalled[d] - 1) }
		store_and_return(d, signalled[d] - 1, turn[d])
	od
}
#endif

/* Readers */

#ifdef READER
proctype Reader()
{
	byte v;

	d_step { v = LOW(word); moved = 0 }
	d_step { assert(!moved || LOW(word) != v); v = 0 }
}
#endif

#ifdef SLEEPER
proctype Sleeper()
{
end:	do
	:: asleep == 0 ->
#ifdef BROKEN_CHECK_FIRST
		if
		:: LOW(word) != acked -> break
		:: else
		fi;
		d_step { queued = 1; asleep = 1 }
#else
		queued = 1;
		if
		:: LOW(word) != acked -> break
		:: else -> asleep = 1
		fi
#endif
	:: asleep && !queued -> asleep = 0
	od
}
#endif

#ifdef DUMP
/* A program is frozen and its image gets the mark: everything that it can have seen. */
proctype Dump()
{
	byte m;

#ifdef BROKEN_MARK_EARLY
	d_step { !lock -> m = highest }
	d_step { assert(maxpub <= m); m = 0 }
#elif defined(BROKEN_MARK_WORD)
	d_step { m = word; assert(maxpub <= m); m = 0 }
#else
	d_step { !lock -> m = highest; assert(maxpub <= m); m = 0 }
#endif
}
#endif

/* At rest: nobody can take a step. */
proctype Rest()
{
	timeout;
	assert(done == DONE && !lock && !events && !irq[0] && !confirm && !busy[0]);
	assert(word == maxpub); /* (3) */
	assert(!uncovered); /* every leak was followed by an event, in time or late */
	assert(!latched[0]);
	assert(!(asleep && LOW(word) != acked)) /* (4) */
}

init
{
	byte i;

	atomic {
		do
		:: i < NDEV ->
			listed[i] = 1; live[i] = 1;
			draw(source[2 * i]); avail[2 * i] = 1;
			draw(source[2 * i + 1]);
#ifndef PLAIN
			avail[2 * i + 1] = 1;
#endif
			run Device(i);
			run Interrupt(i);
			i++
		:: else -> break
		od;
		i = 0;
		run Confirm();
		run Cpu0();
#if DONE == 2
		run Cpu1();
#endif
#ifdef READER
		run Reader();
#endif
#ifdef SLEEPER
		run Sleeper();
#endif
#ifdef DUMP
		run Dump();
#endif
		run Rest()
	}
}
