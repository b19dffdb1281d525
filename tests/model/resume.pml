/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A resume that meets a leak: tasks are dumped and go on, which an event with the cause "resume"
 * tells, while a device leaks, that is, the machine is restored. No resume hides a restore: a task
 * that compares RESTORED with what it was before it went to sleep finds the leak
 * (sysgenid_await()). And at rest the cause is "resume" exactly while RESTORED is not the
 * generation. What a device has stored is seen at once. docs/protocol.md is the prose.
 *
 * One counter, a system's or a domain's. LEAKS: by a latch device, whose two slots are armed with
 * tickets of their own; the device may also miss its request (MISS), which needs an event.
 * RESUMES: events of CPUs; RESTORES: 1, one of another cause. DEFER: they find ->events taken by the owner's own task and
 * leave what is wanted to it, as in reach.pml; a confirmation as well.
 *
 * Broken variants (-DBROKEN_...): an assertion must reject each.
 */
#ifndef LEAKS
#define LEAKS 1
#endif
#ifndef RESUMES
#define RESUMES 1
#endif
#ifndef RESTORES
#define RESTORES 0
#endif

#define NONE 0
#define RESUME 1
#define RESTORE 2
#define LEAK 3

byte word = 1, highest = 3, top = 1;
byte source = 2, next_source = 3; /* of the slots, in the order in which they are executed */
byte resumed, resumed_from; /* the generation that a resume has begun, and of which restore */
byte cause = NONE;
bit event_needed, reported; /* the device's report; the confirm work is queued */
byte executed; /* requests that have come back and are not harvested */
byte executed_ticket;
bit events; /* the mutex */
bit want_confirm, want_resume, want_restore; /* ->deferred */
byte running; /* events and leaks that are to come */

/* ghosts */
bit asleep; /* a task has looked */
bit missed; /* a restore came after its look */
bit stored; /* and a device has stored a number for it */
byte looked; /* RESTORED as it was then */

#define RESTORED (word == resumed -> resumed_from : word)

/* sysgenid_counter_move(): draw and rewrite, then the store; the device may come in between. */
inline move(why, ticket, old)
{
	d_step {
		highest++;
		ticket = highest;
		highest++;
		source = highest;
		highest++;
		next_source = highest
	}
#ifdef BROKEN_LOOK_FIRST
	old = word;
#endif
	d_step {
		top = (ticket > top -> ticket : top);
#ifndef BROKEN_LOOK_FIRST
		old = word;
#endif
		if
		:: why == RESUME -> resumed_from = (old == resumed -> resumed_from : old); resumed = ticket
		:: else -> resumed_from = 0; resumed = 0
		fi;
		word = ticket;
		cause = why
	}
}

/* sysgenid_device_made_event() */
inline confirm(good)
{
	d_step {
		good = !event_needed && word >= top;
#ifndef BROKEN_NO_RESUMED
		good = good && word != resumed;
#endif
		event_needed = 0;
		cause = LEAK
	}
}

/* event_run_deferred(); @events is held */
inline run_deferred(did_confirm, did_resume, did_restore, good, ticket, old)
{
	d_step {
		did_confirm = want_confirm;
		did_resume = want_resume;
		did_restore = want_restore;
		want_confirm = 0;
		want_resume = 0;
		want_restore = 0;
		good = 1
	}
	if
	:: did_confirm -> confirm(good)
	:: else
	fi;
	if
	:: did_restore -> move(RESTORE, ticket, old)
#ifdef BROKEN_HIDE
	:: !did_restore && did_resume -> move(RESUME, ticket, old)
	:: !did_restore && !did_resume && !good -> move(LEAK, ticket, old)
	:: !did_restore && !did_resume && good
#else
	:: !did_restore && !good -> move(LEAK, ticket, old)
	:: !did_restore && good && did_resume -> move(RESUME, ticket, old)
	:: !did_restore && good && !did_resume
#endif
	fi
}

/* An event of a CPU or a confirmation: leaves its wish, and does what is wanted if it gets @events. */
inline reach(want, did_confirm, did_resume, did_restore, good, ticket, old)
{
	want = 1;
	do
	:: atomic { !events && (want_confirm || want_resume || want_restore) -> events = 1 };
		run_deferred(did_confirm, did_resume, did_restore, good, ticket, old);
		events = 0
	:: !want_confirm && !want_resume && !want_restore -> break
#ifdef DEFER
	:: events -> break /* its owner does it: reach.pml */
#endif
	od
}

proctype Resume()
{
	bit c, r, s, good;
	byte ticket, old;

	reach(want_resume, c, r, s, good, ticket, old);
	running--
}

proctype Restore()
{
	bit c, r, s, good;
	byte ticket, old;

	reach(want_restore, c, r, s, good, ticket, old);
	running--
}

/* The device copies a slot's source while the CPUs run, which is harder than with CPUs stopped. */
proctype Device()
{
	byte n;

	do
	:: n < LEAKS -> n++;
		atomic {
			executed == 0 -> /* one at a time; word.pml has more */
			executed = 1;
			if
			:: word = source; executed_ticket = source; stored = stored || asleep
#ifdef MISS
			:: executed_ticket = 0
#endif
			fi;
			source = next_source;
			missed = missed || asleep
		}
	:: else -> break
	od;
	running--
}

/* The interrupt, and the work that confirms. */
proctype Confirm()
{
	bit c, r, s, good;
	byte ticket, old;

end:	do
	:: executed ->
		d_step {
			if
			:: executed_ticket == 0 -> event_needed = 1
			:: else -> top = (executed_ticket > top -> executed_ticket : top)
			fi;
			executed = 0;
			highest++;
			next_source = highest;
			reported = 1
		}
	:: atomic { reported -> reported = 0; running++ };
		reach(want_confirm, c, r, s, good, ticket, old);
		running--
	od
}

#ifdef DEFER
/* A task of the container that has its mutex, and brings what was deferred when it gives it back. */
proctype Owner()
{
	bit c, r, s, good;
	byte ticket, old;

end:	do
	:: atomic { !events -> events = 1 };
		events = 0
	:: atomic { !events && (want_confirm || want_resume || want_restore) -> events = 1 };
		run_deferred(c, r, s, good, ticket, old);
		events = 0
	od
}
#endif

proctype Task()
{
	atomic { looked = RESTORED; asleep = 1 }
}

/* What a device has stored is seen at once. */
proctype Awake()
{
end:	atomic { stored -> assert(looked != RESTORED) }
}

proctype Rest()
{
	/* Nothing is under way. */
	atomic {
		running == 0 && !executed && !reported && !events && !want_confirm && !want_resume &&
		!want_restore && asleep ->
		if
		:: missed -> assert(RESTORED != looked) /* a restore was hidden */
		:: else
		fi;
		assert((cause == RESUME) == (RESTORED != word))
	}
}

init
{
	byte i;

	atomic {
		run Device();
		run Confirm();
		running = 1;
		do
		:: i < RESUMES -> i++; run Resume(); running++
		:: else -> break
		od;
#if RESTORES
		run Restore();
		running++;
#endif
#ifdef DEFER
		run Owner();
#endif
		run Task();
		run Awake();
		run Rest()
	}
}
