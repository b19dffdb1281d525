/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several criu raise one counter file and its view, each for the tasks that it restores, and any may be killed at any step
 * (counterfile_view_follow() of common/counterfile-view.c). A task reads the view by its seqlock. Numbers only grow here; each stands
 * for one of the page.
 *
 * BROKEN_ONCE: whoever raises does not look again whether the page has a newer number. BROKEN_BLIND: it stores whatever the page has
 * by then. BROKEN_UNSEEN: fields are stored without an odd seq_count before.
 * BROKEN_AGAIN: seq_count becomes odd again after another one was done. BROKEN_SEQ_FIRST: whether there is something to store is
 * seen by seq_count first, then by the fields. BROKEN_END_LATE: whether seq_count has the number already is seen after that.
 */
#ifndef RAISERS
#define RAISERS 2
#endif
#define FIRST 1

byte page = FIRST, seq = 2 * FIRST, marker = FIRST, counter = FIRST;
byte done;    /* the highest number that the view had, and no raiser had more to store, when a raiser was done */
byte waiting; /* tasks that wait for an even seq_count */

inline may_be_killed()
{
#ifdef KILLS
	if
	:: skip
	:: goto killed
	fi
#else
	skip
#endif
}

/* Unless the page has another number by then, or the word has the last value already. */
inline put(word, value, last)
{
#ifdef BROKEN_BLIND
	word = value;
#else
	old = word;
	do
	:: page != generation -> break
	:: else ->
		may_be_killed();
		if
		:: old == last -> break
		:: else
		fi;
		atomic {
			swapped = word == old;
			if
			:: swapped -> word = value
			:: else -> old = word
			fi
		}
		if
		:: swapped -> break
		:: else
		fi
	od;
#endif
	may_be_killed()
}

inline follow()
{
	do
	:: generation = now;
		end = 2 * generation;
		/* A damaged view, or one that is 2^31 numbers away: seq_count has to change for that, too. */
#ifdef BROKEN_END_LATE
		has_followed = counter == generation && marker == generation;
		has_followed = has_followed && !(seq & 1);
		old = seq;
#else
		old = seq;
#ifdef BROKEN_SEQ_FIRST
		has_followed = !(old & 1);
		has_followed = has_followed && counter == generation && marker == generation;
#else
		has_followed = counter == generation && marker == generation;
		has_followed = has_followed && !(seq & 1);
#endif
#endif
		if
		:: has_followed
		:: else ->
			if
			:: old == end -> end = end + 2
			:: else
			fi;
#ifndef BROKEN_UNSEEN
#ifdef BROKEN_AGAIN
			put(seq, end - 1, 0);
#else
			put(seq, end - 1, end);
#endif
#endif
			put(marker, generation, generation);
			put(counter, generation, generation);
			put(seq, end, end)
		fi;
#ifdef BROKEN_ONCE
		break;
#endif
		now = page;
		if
		:: now == generation -> break
		:: else
		fi
	od
}

/* One look of a task that was restored: a number that is good is none of before. */
inline look()
{
	waiting++;
end_wait:
	atomic { !(seq & 1) -> end = seq; waiting-- }
	now = counter;
	old = marker;
	if
	:: seq == end ->
		assert(now == old);
		assert(now >= own)
	:: else
	fi
}

proctype Raiser()
{
	byte own, now, generation, old, end;
	bit swapped, has_followed;

	atomic { page++; own = page; now = page }
	may_be_killed();
	now = page;
	follow();
	atomic {
		if
		:: page > done && page == generation -> done = page
		:: else
		fi
	}
	/* Its tasks run. */
	assert(counter >= own);
	look();
killed:
	skip
}

proctype Rest()
{
	timeout;
	/* A killed one may leave a view that no task can read until the next raise, and never one that was done. */
	assert(!waiting || done != page)
}

init
{
	byte n;

	atomic {
		for (n : 1 .. RAISERS) {
			run Raiser()
		}
		run Rest()
	}
}
