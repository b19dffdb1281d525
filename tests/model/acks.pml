/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has acknowledged what: two tracked files, their acknowledgements (write), MARK_OUTDATED (with
 * -DMARK), and one caller of WAIT_WATCHERS, while a CPU and a device move the word. The device takes no lock: the word
 * can move between any two loads, also of one critical section.
 *
 * Properties: a file's acknowledgement is of the value that it wrote; WAIT_WATCHERS returns 0 only
 * if at the instant of its load both files had acknowledged that very generation and were not forced; and at
 * rest it does not sleep when it could return. Numbers are tickets that never come back, as word.pml shows.
 */
#ifndef EVENTS
#define EVENTS 2
#endif
#ifndef LEAKS
#define LEAKS 2
#endif

byte word, highest;
byte acked[2];
bit forced[2];
/* lock: of the tracked files, how many have acknowledged counted_at */
byte counted_at, count = 2;
bit lock, irq, queued, asleep, over;

#define COUNTED(f) (acked[f] == counted_at && !forced[f])
#ifdef BROKEN_NOT_KEYED
#define SETTLED(t) (count == 2)
#else
#define SETTLED(t) (counted_at == (t) && count == 2)
#endif

inline wake()
{
	queued = 0
}

/* Bring the account to generation t. The old account was about one that never comes back. */
inline rekey(t)
{
#ifndef BROKEN_NOT_KEYED
	if
	:: counted_at != t -> counted_at = t; count = 0
	:: else
	fi
#else
	skip
#endif
}

inline event()
{
	d_step { highest++; word = highest }
}

proctype Cpu()
{
	byte k;

	do
	:: k < EVENTS ->
		event();
		d_step { k++; wake();
#ifdef BROKEN_NOT_KEYED
			count = 0; /* the account is reset by who makes the event */
#endif
		}
	:: else -> break
	od
}

proctype Device()
{
	byte k;

	do
	:: k < LEAKS ->
		event();
		d_step { irq = 1; k++ }
	:: else -> break
	od
}

proctype Interrupt()
{
end:	do
	:: d_step { irq -> irq = 0 }
		d_step { wake();
#ifdef BROKEN_NOT_KEYED
			count = 0;
#endif
		}
	od
}

/* A program that acknowledges whatever it reads. */
proctype File(byte f)
{
	byte v, t;
	bit outdated, tell; /* somebody before the change, nobody after it */

end:	do
	:: forced[f] || acked[f] != word ->
		v = word;
		d_step { !lock -> lock = 1; t = word }
		if
		:: t != v -> d_step { lock = 0; t = 0; v = 0 } /* EINVAL */
		:: t == v ->
#ifdef BROKEN_TWO_LOADS
			t = word;
#endif
			d_step {
				rekey(t);
				outdated = (count != 2);
				if
				:: !COUNTED(f) || counted_at != t -> count++
				:: else
				fi;
				acked[f] = t;
				forced[f] = 0;
				assert(acked[f] == v)
			}
			/* A second load: if the word has moved meanwhile, then whoever has moved it wakes. */
			d_step { tell = (outdated && SETTLED(word)); lock = 0; t = 0; v = 0; outdated = 0 }
			if
#ifndef BROKEN_SILENT_ACK
			:: tell -> wake(); tell = 0
			:: else
#else
			:: tell = 0
#endif
			fi
		fi
	od
}

#ifdef MARK
proctype Mark()
{
	byte t;

	d_step { !lock -> lock = 1; t = word }
	d_step {
		rekey(t);
#ifndef BROKEN_MARK_COUNTED
		if
		:: COUNTED(0) -> count--
		:: else
		fi;
#endif
		forced[0] = 1;
		lock = 0
	}
}
#endif

proctype Waiter()
{
	byte own, t;

	own = word;
end:	do
	:: !asleep ->
		queued = 1;
		d_step { !lock -> lock = 1; t = word }
		d_step {
			lock = 0;
			if
			:: t != own -> over = 1 /* EINTR */
			:: t == own && SETTLED(t) ->
				assert(acked[0] == t && acked[1] == t && !forced[0] && !forced[1]);
				over = 1
			:: else -> asleep = 1
			fi;
			t = 0
		}
		if
		:: over -> break
		:: else
		fi
	:: asleep && !queued -> asleep = 0
	od
}

proctype Rest()
{
	timeout;
	assert(!lock && !irq);
	assert(acked[0] == word && acked[1] == word);
	assert(over || !asleep)
}

init
{
	atomic {
		run Cpu();
		run Device();
		run Interrupt();
		run File(0);
		run File(1);
#ifdef MARK
		run Mark();
#endif
		run Waiter();
		run Rest()
	}
}
