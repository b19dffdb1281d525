/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several criu resume processes that share one counter file, and restore others with it; any may be killed at any step
 * (counterfile_resume() and counterfile_restored() of common/counterfile-page.c). A process looks, may be restored, and looks
 * again: it must not take that for a resume. Numbers only grow here; each stands for one of the page.
 *
 * BROKEN_SWAPPED: resumed is stored before restored. BROKEN_BLIND: both are stored whatever generation the page has by then.
 * BROKEN_ANY: restored is believed whatever generation resumed is about.
 */
#ifndef RESUMERS
#define RESUMERS 2
#endif
#ifndef RESTORERS
#define RESTORERS 1
#endif
#define FIRST 5

byte page = FIRST, resumed, restored;
byte looked;
bit between;

inline may_be_killed()
{
	if
	:: skip
	:: goto killed
	fi
}

/* counterfile_restored() */
inline look(now, result)
{
	do
	:: now = page;
		result = now;
		note = resumed;
		if
#ifdef BROKEN_ANY
		:: note -> result = restored
#else
		:: note == now -> result = restored
#endif
		:: else
		fi;
		if
		:: page == now -> break
		:: else
		fi
	od
}

/* store_word() */
inline put(word, value)
{
#ifdef BROKEN_BLIND
	word = value;
#else
	old = word;
	do
	:: page != next -> break
	:: else ->
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

proctype Resumer()
{
	byte now, next, base, old, note;
	bit swapped;

	do
	:: look(now, base);
		atomic {
			swapped = page == now;
			if
			:: swapped -> page++; next = page
			:: else
			fi
		}
		if
		:: swapped -> break
		:: else
		fi
	od;
	may_be_killed();
#ifdef BROKEN_SWAPPED
	put(resumed, next);
	put(restored, base);
#else
	put(restored, base);
	put(resumed, next);
#endif
killed:
	skip
}

/* Another copy, or this process itself: a restore that began after the first look and before the second one. */
proctype Restorer()
{
	atomic {
		page++;
		if
		:: looked == 1 -> between = true
		:: else
		fi
	}
}

proctype Rest()
{
	byte now, first, second, note;

	look(now, first);
	looked = 1;
	atomic { between || timeout -> looked = 2 }
	look(now, second);
	assert(!between || second != first)
}

init
{
	byte n;

	atomic {
		for (n : 1 .. RESUMERS) {
			run Resumer()
		}
		for (n : 1 .. RESTORERS) {
			run Restorer()
		}
		run Rest()
	}
}
