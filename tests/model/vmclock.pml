/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that compares the hypervisor's VMClock counter with the copy beside the generation, on
 * two hosts: virtual machines that are restored at any moment, with counters of their own. criu
 * moves the program from the first to the second. docs/protocol.md is the prose.
 *
 * Broken variants (-DBROKEN_...): an assertion must reject each.
 */
#ifndef RESUMES
#define RESUMES 2
#endif
#define CALLS 3

byte hv[2]; /* in the hypervisor's page */
byte copy[2]; /* vmclock_counter in the page of the domain */
byte word[2]; /* generation there */
byte next_copy[2]; /* the kernel's note: what events from now on stand for */
byte known[2]; /* by the driver */
bit events[2]; /* the mutex */
byte old[2]; /* ghost: the generation when the machine was restored last */

bit host, frozen; /* of the program */
byte restored, seen; /* ghost: the highest generation it saw before criu's restore, and at all */

/* sysgenid_counter_move(); @h is the host, @v a variable, @min the image's mark */
#ifdef BROKEN_COPY_FIRST
#define STORE(h, v, min) copy[h] = v; word[h] = (word[h] > min -> word[h] : min) + 1
#elif defined(BROKEN_LATE_COPY)
#define STORE(h, v, min) word[h] = (word[h] > min -> word[h] : min) + 1; copy[h] = hv[h]
#else
#define STORE(h, v, min) word[h] = (word[h] > min -> word[h] : min) + 1; copy[h] = v
#endif
#define MOVE(h, v, min) \
	atomic { !events[h] -> events[h] = 1 }; v = next_copy[h]; STORE(h, v, min); events[h] = 0

proctype driver(bit h)
{
	byte now, v;

end:	do
	:: hv[h] != known[h] ->
		now = hv[h];
		next_copy[h] = now;
		MOVE(h, v, 0);
		known[h] = now
	od
}

proctype hypervisor()
{
	byte n;

	do
	:: n < RESUMES -> n++;
		if
		:: atomic { hv[0]++; old[0] = word[0] }
		:: atomic { hv[1]++; old[1] = word[1] }
		fi
	:: break
	od
}

proctype criu()
{
	byte mark, v;

	frozen = 1;
	mark = word[0]; /* the highest one */
	MOVE(1, v, mark);
	atomic { host = 1; restored = seen; frozen = 0 }
}

proctype program()
{
	byte calls, theirs, ours, now, bound, before;
	bit where;

	do
	:: calls < CALLS -> calls++;
		atomic { !frozen -> bound = old[host]; before = restored; where = host };
again:
#ifdef BROKEN_WORD_FIRST
		atomic { !frozen -> now = word[host] };
#endif
#ifndef BROKEN_NO_COMPARE
		atomic { !frozen -> theirs = hv[host] };
		atomic { !frozen -> ours = copy[host] };
		if
		:: theirs != ours -> goto again /* and the kernel is asked */
		:: else
		fi;
#endif
#ifndef BROKEN_WORD_FIRST
		atomic { !frozen -> now = word[host] };
#endif
		atomic {
			if
			:: where == host ->
				assert(now > bound); /* a machine's restore before the call */
				assert(now > before) /* the program's */
			:: else
			fi;
			seen = (now > seen -> now : seen)
		}
	:: else -> break
	od
}

proctype Rest()
{
	timeout ->
	assert(copy[0] == hv[0] && copy[1] == hv[1]);
	assert(word[0] > old[0] && (old[1] == 0 || word[1] > old[1]))
}

init
{
	atomic {
		/* The hosts' counters have nothing to do with each other; the second's is lower. */
		hv[0] = 5; copy[0] = 5; next_copy[0] = 5; known[0] = 5; word[0] = 4;
		hv[1] = 3; copy[1] = 3; next_copy[1] = 3; known[1] = 3; word[1] = 1;
		run driver(0);
		run driver(1);
		run hypervisor();
		run criu();
		run program();
		run Rest()
	}
}
