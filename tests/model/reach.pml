/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of the system's reach a domain whose own events keep its mutex busy, and wait for none of these: the walk leaves
 * what is due and tries the mutex; who gives that back looks whether something is due (kernel/event.c).
 *
 * WALKS: walks at the same time; OWN: tasks with events of their own, TIMES each. The two full barriers are what keeps the
 * steps in this order: BROKEN_LOOK_FIRST and BROKEN_TRY_FIRST are what may happen without them.
 */
#ifndef WALKS
#define WALKS 2
#endif
#ifndef OWN
#define OWN 2
#endif
#ifndef TIMES
#define TIMES 2
#endif

bit mutex, due;
byte asked;    /* walks that have come by */
byte served;   /* of them, those for which the word has moved */
byte reseeded; /* and those that a reseed began after */

inline try(got)
{
	atomic {
		if
		:: !mutex -> mutex = 1; got = 1
		:: else -> got = 0
		fi
	}
}

inline bring(did)
{
	d_step { did = due; due = 0; if :: did -> served = asked :: else fi }
}

inline give_back(look, got, did)
{
	do
	::
#ifdef BROKEN_LOOK_FIRST
		look = due;
#endif
		mutex = 0;
#ifndef BROKEN_LOOK_FIRST
		look = due;
#endif
		if
		:: !look -> break
		:: else
		fi;
#ifdef BROKEN_LEAVE_IT
		break;
#endif
		try(got);
		if
		:: !got -> break
		:: else
		fi;
		bring(did);
		if
#ifndef BROKEN_NO_RESEED
		:: did -> reseeded = served
#endif
		:: else
		fi
	od
}

proctype Walk()
{
	bit look, got, did;

#ifdef BROKEN_TRY_FIRST
	try(got);
	d_step { asked++; due = 1 }
#else
	d_step { asked++; due = 1 }
	try(got);
#endif
	if
	:: got -> bring(did); give_back(look, got, did)
	:: else
	fi;
	reseeded = served
}

proctype Own()
{
	bit look, got, did;
	byte times;

	do
	:: times < TIMES ->
		atomic { !mutex -> mutex = 1 }
		give_back(look, got, did);
		times++
	:: else -> break
	od
}

proctype Rest()
{
	timeout;
	assert(!mutex && !due);
	assert(served == asked);
	assert(reseeded == asked)
}

init
{
	byte i;

	atomic {
		for (i : 1 .. WALKS) {
			run Walk()
		}
		for (i : 1 .. OWN) {
			run Own()
		}
		run Rest()
	}
}
