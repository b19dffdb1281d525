/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event of the system's reaches a domain whose own events keep its mutex busy, and waits for none of these. The walk
 * over all domains notes what it wants and then tries the mutex. Who gives the mutex back looks at these notes afterwards
 * (kernel/core/event.c). The worker that announces that nobody is outdated does the same, so it need not queue itself again.
 *
 * WALKS: walks at the same time; OWN: tasks with events of their own, TIMES each; ANNOUNCE: there is a worker that announces.
 * Two full barriers keep the steps in this order. BROKEN_LOOK_FIRST and BROKEN_TRY_FIRST show what may happen without them.
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

bit mutex, deferred, wanted; /* an event is deferred; an announcement is */
bit announced;
byte asked;    /* walks that have come by */
byte served;   /* of them, those for which the word has moved */
byte reseeded; /* and those that a reseed began after, and a wake */

inline try(got)
{
	atomic {
		if
		:: !mutex -> mutex = 1; got = 1
		:: else -> got = 0
		fi
	}
}

inline run_deferred(did)
{
	d_step {
		did = deferred;
		deferred = 0;
		if :: did -> served = asked :: else fi;
		if :: wanted -> announced = 1 :: else fi;
		wanted = 0
	}
}

inline give_back(look, got, did)
{
	do
	::
#ifdef BROKEN_LOOK_FIRST
		look = deferred || wanted;
#endif
		mutex = 0;
#ifndef BROKEN_LOOK_FIRST
		look = deferred || wanted;
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
		run_deferred(did);
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
	d_step { asked++; deferred = 1 }
#else
	d_step { asked++; deferred = 1 }
	try(got);
#endif
	if
	:: got -> run_deferred(did); give_back(look, got, did)
	:: else
	fi;
	reseeded = served
}

proctype Announcer()
{
	bit look, got, did, event;

	wanted = 1;
	try(got);
	if
	:: got ->
		run_deferred(did);
		event = did;
		give_back(look, got, did);
		if
#ifndef BROKEN_QUIET_WORKER
		:: event -> reseeded = served
#endif
		:: else
		fi
	:: else
	fi
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
	assert(!mutex && !deferred);
	assert(served == asked);
	assert(reseeded == asked);
#ifdef ANNOUNCE
	assert(announced && !wanted)
#endif
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
#ifdef ANNOUNCE
		run Announcer();
#endif
		run Rest()
	}
}
