/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * More than one request a queue: the copy, the fill, and one of other kernel code. The driver adds
 * them and the device takes them one by one, so a leak may find some of them only. Is every leak
 * followed by a publication, and are all requests back in their places at rest?
 *
 * The device has the latch. Numbers are left out (word.pml has them): a publication is a number that
 * nobody has seen. Names and order of steps are those of docs/protocol.md and kernel/virtio-rng/leak.c.
 *
 * Configurations (-D): LEAKS=n; OTHER: other kernel code adds a request. Broken variants
 * (-DBROKEN_...): an assertion must reject each.
 */
#ifndef LEAKS
#define LEAKS 5
#endif
#define COPY 0
#define FILL 1
#define OTHERS 2
#define AT(queue, request) (3 * (queue) + (request))

bit avail[6], used[6]; /* AT(queue, request) */
bit irq, lock, event; /* lock: the leak lock; event: confirm() must make one */
bit turn, next; /* the queue that is active, and the driver's idea of it */
byte latched; /* leaks that wait for a request */
bit other; /* in the table */
bit held[2]; /* by queue: the device has the others' request. lock */
bit uncovered; /* ghost: a leak after which nothing has been published yet */

#define ANY(queue) (avail[AT(queue, COPY)] || avail[AT(queue, FILL)] || avail[AT(queue, OTHERS)])

/* The device. It takes what it finds in any order: that includes the order of the queue. */

inline take(request)
{
	d_step {
		avail[AT(turn, request)] -> avail[AT(turn, request)] = 0;
		if
		:: request == COPY -> uncovered = 0 /* published */
		:: else
		fi
	}
	used[AT(turn, request)] = 1
}

proctype Device()
{
	byte leaks;

end:	do
	:: d_step { leaks < LEAKS && !ANY(turn) -> leaks++; latched++; uncovered = 1 }
	:: d_step { ANY(turn) && (latched || leaks < LEAKS) ->
			if
			:: latched -> latched--
			:: else -> leaks++; uncovered = 1
			fi
		}
		do
		:: take(COPY)
		:: take(FILL)
		:: take(OTHERS)
		:: !ANY(turn) -> break
		od;
		atomic { irq = 1; turn = 1 - turn }
	od
}

/* The driver */

/* The caller holds the lock and has came, the requests that are back. */
inline take_back(queue)
{
	came = 0;
	do
	:: d_step { used[AT(queue, COPY)] -> used[AT(queue, COPY)] = 0; came = came | 1 }
	:: d_step { used[AT(queue, FILL)] -> used[AT(queue, FILL)] = 0; came = came | 2 }
	:: d_step { used[AT(queue, OTHERS)] -> used[AT(queue, OTHERS)] = 0; came = came | 4; held[queue] = 0 }
	:: !used[AT(queue, COPY)] && !used[AT(queue, FILL)] && !used[AT(queue, OTHERS)] -> break
	od
}

inline arm_others(queue)
{
	if
	:: other && !held[queue] -> held[queue] = 1; avail[AT(queue, OTHERS)] = 1
	:: else
	fi
}

inline harvest()
{
	do
	:: true ->
		back = next;
		take_back(back);
		if
		:: !came -> back = 1 - back; take_back(back)
		:: else
		fi;
		if
		:: !came -> break
		:: else
		fi;
#ifndef BROKEN_HALF_ARMED
		if
		:: armed & (1 << back) -> event = 1
		:: else
		fi;
#endif
#ifndef BROKEN_OTHERS_ALONE
		if
		:: came & 4 -> event = 1
		:: else
		fi;
#endif
		next = 1 - back;
		if
		:: came & 1 -> avail[AT(back, COPY)] = 1
		:: else
		fi;
		if
		:: came & 2 -> avail[AT(back, FILL)] = 1
		:: else
		fi;
		arm_others(back);
		armed = armed | (1 << back)
	od;
	atomic { back = 0; came = 0; armed = 0 }
}

proctype Interrupt()
{
	byte came, armed;
	bit back;

end:	do
	:: d_step { irq && !lock -> irq = 0; lock = 1 }
		harvest();
		lock = 0
	od
}

proctype Confirm()
{
end:	do
	:: d_step { event -> event = 0; uncovered = 0 } /* a CPU publishes */
	od
}

#ifdef OTHER
proctype Adds()
{
	d_step { !lock -> lock = 1 }
	other = 1;
	arm_others(0);
	arm_others(1);
	lock = 0;
}
#endif

/* At rest: nobody can take a step. */
proctype Rest()
{
	timeout;
	assert(!lock && !irq && !event && !latched);
	assert(!uncovered); /* every leak was followed by a publication */
	assert(avail[AT(0, COPY)] && avail[AT(0, FILL)] && avail[AT(1, COPY)] && avail[AT(1, FILL)]);
	assert(avail[AT(0, OTHERS)] == other && avail[AT(1, OTHERS)] == other)
	/* Not turn == next: of a leak that comes back in two pieces the second may be seen after a later leak. */
}

init
{
	atomic {
		avail[AT(0, COPY)] = 1;
		avail[AT(0, FILL)] = 1;
		avail[AT(1, COPY)] = 1;
		avail[AT(1, FILL)] = 1;
		run Device();
		run Interrupt();
		run Confirm();
#ifdef OTHER
		run Adds();
#endif
		run Rest()
	}
}
