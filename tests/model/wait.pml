/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task sleeps on two queues at once, the counter's and its file's own (watcher_wait_on() of kernel/core/watcher.c). An event moves
 * the word first and wakes later, so that a wake may come for what was acknowledged before the task sleeps again.
 *
 * BROKEN_AUTOREMOVE: by prepare_to_wait() for either queue, which sets the state each time, while a wake takes the entry
 * off its queue.
 */
#ifndef EVENTS
#define EVENTS 3
#endif

byte word, acknowledged;
bit queued;	    /* in the counter's queue; nobody wakes the other one here */
bit interruptible;  /* the task's state: 0 is running */
bit asleep = 1;	    /* for ever, unless it comes to its end */

inline prepare()
{
#ifdef BROKEN_AUTOREMOVE
	d_step { queued = 1; interruptible = 1 }
	/* for the file's own queue */
	interruptible = 1
#else
	interruptible = 1
#endif
}

proctype Task()
{
	do
	:: acknowledged < EVENTS ->
		queued = 1;
		do
		:: prepare();
			if
			:: word != acknowledged -> break
			:: else -> !interruptible
			fi
		od;
		interruptible = 0;
		queued = 0;
		acknowledged = word
	:: else -> break
	od;
	asleep = 0
}

proctype Event()
{
	byte n;

	for (n : 1 .. EVENTS) {
		word++;
		d_step {
			if
			:: queued && interruptible ->
				interruptible = 0;
#ifdef BROKEN_AUTOREMOVE
				queued = 0
#endif
			:: else
			fi
		}
	}
}

proctype Rest()
{
	timeout;
	assert(!asleep);
	assert(acknowledged == EVENTS)
}

init
{
	atomic {
		run Task();
		run Event();
		run Rest()
	}
}
