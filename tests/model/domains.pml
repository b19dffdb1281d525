/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two counters: the system's, and that of a domain whose page has several lives. A namespace opens
 * the domain and closes it again; in between the page is in the pool, and a slot of it stays in each
 * leak queue. docs/protocol.md is the prose.
 *
 * Properties:
 *   In one life no number is stored twice, and none below the first, whatever a device still had in
 *   its hands of the life before.
 *   What the namespace has seen in a former life does not come back after an event of the system's:
 *   what it saw before a leak, or before an event of a CPU drew its number.
 *   Every leak, and every event, is followed by a publication in both words.
 *   A page that a device may store is nobody else's.
 *
 * Which step is which function: Life is sysgenid_domain_get() with domain_insert(), and _put(); look() is
 * sysgenid_counter_next(), publish_domain() domain_publish(), begin() sysgenid_counter_begin(), cover() the driver's; move() is
 * sysgenid_counter_move(); Event is sysgenid_event(), or the driver's stop; Confirm is event_confirm() of
 * kernel/core/event.c; Interrupt is leak_harvest() of virtio-rng/leak.c with what it calls in domains.c.
 *
 * Left out is what one counter does by itself (word.pml): numbers are whole tickets, all sources of
 * a counter are rewritten in one step, a slot gets its ticket in the step that puts it on the queue,
 * and the device copies the system's word in one step. No fill requests (pair.pml) and no random
 * numbers (adopt.pml). The device has the latch, and never fails to take a request. There is one
 * domain: others, which a walk is busy with, are time that passes between its steps.
 *
 * Configurations (-D):
 *   LEAKS=n  leaks of the device            LIVES=n  lives; the last does not end
 *   ALIVE    the first life is under way    NOROOM   the device has no room for the domain
 *   EVENT    a CPU makes an event of the system's
 *   OWN      the domain makes one of its own in its first life
 *   TWO      a second device, which has no room for the domain, leaks once
 *   UNBIND   the driver is unbound
 *   FRESH    whether leaks get everywhere, and no numbers: the domain has a page that no device
 *            knows, and a first leak has been executed and not taken back
 * Broken variants (-DBROKEN_...): an assertion must reject each.
 */
#ifndef LEAKS
#define LEAKS 2
#endif
#ifdef FRESH
#define LIVES 1
#endif
#ifndef LIVES
#define LIVES 2
#endif

#define S 0 /* the system's counter */
#define D 1 /* the domain's */
#define AT(queue, counter) (2 * (queue) + (counter))
#define B 4 /* the slot of the second device, which is the system's */
#define BIT(n) (1 << (n))
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* The counters. Each one's lock is a step. */
byte word[2], highest[2], top[2];
bit events[2], event_needed[2];
bit leaked; /* the domain's */
byte looked; /* the system's: the last word that look() has made a difference for */

/* The list of domains: what its lock guards changes in one step. */
bit listed, covered;
bit inserting; /* a domain that is not in the list yet has the page */
byte users;
byte began; /* the domain's first number; 0: it has had an event of its own */

/* Slots, queues and requests. */
byte source[5]; /* what the device reads; the kernel's note of it (slot.ticket) is the same number */
bit held[5]; /* in the device's hands, as the driver knows; the slot is in its counter's list */
bit alone[2]; /* by queue: the domain's slot was put there without the driver's own */
bit driver, stopped, next; /* the leak lock; no more harvests; the queue that comes back next */
bit confirm;
bit avail[5], used[5], irq;

/* The devices. */
bit live = 1, busy, turn;
byte latched; /* leaks that wait for a request */
byte taken; /* requests that this leak has executed */

byte first; /* ghost: the first number of this life, 0 outside of lives */
int shown; /* ghost: numbers that have been in the domain's word in this life */
/* ghost: the greatest number seen in any life: since the last event of the system's, before it, */
byte recent, old;
byte floor; /* before this life began, */
byte drawn; /* and when an event of a CPU drew its number: who begins after that is new to it */
byte due; /* ghost: what the system has had and the domain not yet: 1 event of a CPU, 2 leak */
bit late[2]; /* ghost: a leak after which nothing has been published yet */
bit reached; /* ghost: this leak has moved the domain's word */
bit foreign; /* ghost: the page was freed, and is somebody else's */
byte done; /* ghost */

inline draw(c, t)
{
#ifndef FRESH
	highest[c]++;
#endif
	assert(highest[c] < 31);
	t = highest[c]
}

/* An event is complete: what the namespace has seen before must not come back in a later life. */
inline forget()
{
	old = MAX(old, recent);
	recent = 0;
	drawn = 0;
	due = 0
}

/* The namespace may look at its word from now on. */
inline see()
{
#ifndef FRESH
	assert(word[D] > floor);
#endif
	recent = (LIVES > 1 -> MAX(recent, word[D]) : 0)
}

/* A 32-bit store into a counter's word. */
inline publish(c, t)
{
	assert(c == S || !foreign);
	word[c] = t;
	late[c] = 0;
	if
	:: c == D && first -> assert(t >= first && !(shown & BIT(t))); shown = shown | BIT(t)
	:: else
	fi;
	if
	:: c == D && (due == 2 || due && listed) -> forget()
	:: else
	fi;
	if
	:: c == D && listed -> see()
	:: else
	fi
}

/* A leak has moved the system's word: it is complete when the domain's has moved, if it will. */
inline complete(will_follow)
{
	if
	:: listed || will_follow -> due = 2
	:: else -> forget()
	fi
}

inline arm(slot, c)
{
	draw(c, source[slot]);
	held[slot] = 1;
	avail[slot] = 1
}

inline rewrite(c)
{
	if
	:: held[AT(0, c)] -> draw(c, source[AT(0, c)])
	:: else
	fi;
	if
	:: held[AT(1, c)] -> draw(c, source[AT(1, c)])
	:: else
	fi;
	if
	:: c == S && held[B] -> draw(c, source[B])
	:: else
	fi
}

/* What was being copied from older sources has landed. */
#define FENCED !busy
#define ARMED(c) (held[AT(0, c)] || held[AT(1, c)])

inline acquire(l)
{
	d_step { !l -> l = 1 }
}

/* The caller holds the counter's events, and has n. */
inline move(c)
{
	d_step {
		draw(c, n);
		drawn = (c == S -> MAX(old, recent) : drawn);
		rewrite(c)
	}
	FENCED;
	d_step {
		top[c] = MAX(top[c], n);
		looked = (c == S && word[S] == looked -> n : looked);
		publish(c, n);
		n = 0;
		if
		:: c == S && listed -> due = MAX(due, 1)
		:: c == S && !listed -> old = MAX(old, drawn); drawn = 0
		:: else
		fi
	}
}

/* The list of domains. A walk that finds the domain in the list when it begins will visit it. */

inline first_domain()
{
	d_step { found = listed; users = users + listed }
}

/* The last user's: into the pool, or freed. */
inline put()
{
	d_step {
		users--;
		if
		:: !users ->
			listed = 0;
			late[D] = 0;
			if
			:: due == 2 -> forget()
			:: due == 1 -> old = MAX(old, drawn); drawn = 0; due = 0
			:: else
			fi;
#ifndef BROKEN_OUTRUN
			if
			:: began && word[D] != began -> highest[S] = MAX(highest[S], highest[D])
			:: else
			fi;
#endif
			shown = 0;
			first = 0;
			began = 0;
			floor = 0;
#ifdef BROKEN_FREE
			foreign = 1;
#else
			foreign = !covered
#endif
		:: else
		fi;
		found = 0
	}
}

/* The device covers the domain from now on, if it has room. A leak may come between its two queues. */
inline cover()
{
	d_step { !driver -> driver = 1 }
	if
	:: !stopped && !covered ->
		covered = 1;
		d_step { arm(AT(0, D), D); alone[0] = 1 }
		d_step { arm(AT(1, D), D); alone[1] = 1 }
	:: else
	fi;
	driver = 0
}

/* sysgenid_counter_next(): above all that began before the system's word was what it is now */
inline next_number()
{
#ifdef BROKEN_TOP
	if
	:: word[S] > top[S] -> top[S] = word[S]; draw(S, n)
	:: else
	fi;
#elif !defined(BROKEN_BLIND)
	if
	:: word[S] != looked -> looked = word[S]; draw(S, n)
	:: else
	fi;
#endif
	n = highest[S] + 1
}

inline look()
{
	d_step { next_number() }
}

/* sysgenid_counter_begin(). The caller has n. */
inline begin()
{
#ifdef BROKEN_STORE_FIRST
	d_step { first = n; shown = 0; publish(D, n) }
#endif
	d_step {
#ifndef BROKEN_STORE_FIRST
		first = 0;
		shown = 0;
#endif
		highest[D] = n;
		top[D] = n;
#ifndef BROKEN_NO_REWRITE
		rewrite(D)
#endif
	}
#ifndef BROKEN_NO_FENCE
	!ARMED(D) || FENCED;
#endif
	d_step {
		event_needed[D] = 0;
		leaked = 0;
		began = n;
		foreign = 0;
#ifndef BROKEN_STORE_FIRST
		first = n;
		publish(D, n)
#endif
		n = 0
	}
}

/* Puts the domain into the list. From now on events of CPUs move it. */
inline enlist()
{
	floor = old;
	see();
	listed = 1;
	users = 1;
	inserting = 0;
	n = 0
}

/* Under the lock of the list: enlists the domain only if the system's number is still the one after which the domain began. */
inline publish_domain()
{
#ifdef BROKEN_LOOK_ONCE
	d_step { enlist() }
#elif defined(BROKEN_LOOK_APART)
	look();
	if
	:: n == began -> d_step { enlist() }
	:: else
	fi
#else
	d_step {
		next_number();
		if
		:: n == began -> enlist()
		:: else
		fi
	}
#endif
}

inline insert()
{
	look();
	begin();
#ifndef NOROOM
	cover();
#endif
	do
	::
#ifndef BROKEN_LOOK_EARLY
		!covered || FENCED;
#endif
		publish_domain();
		if
		:: !inserting -> break
		:: else -> look(); begin()
		fi
	od
}

/* Who opens the domain and closes it. */
proctype Life()
{
	byte n, lives;
	bit found;

#ifdef FRESH
	d_step { inserting = 1; lives++ }
	cover();
	d_step { enlist() }
#else
#ifdef ALIVE
	lives++;
#if LIVES > 1
	put();
#endif
#endif
	do
	:: lives < LIVES ->
		d_step { found = listed; users = users + listed; inserting = !listed; lives++ }
		if
		:: !found -> insert()
		:: else
		fi;
#ifdef OWN
		if
		:: lives == 1 ->
			acquire(events[D]);
			move(D);
			d_step { events[D] = 0; began = 0 }
		:: else
		fi;
#endif
		if
		:: lives < LIVES -> put()
		:: else
		fi
	:: else -> break
	od;
#endif
	done++
}

/* An event of the system's */

inline walk()
{
	first_domain();
	if
	:: found ->
		acquire(events[D]);
		move(D);
		events[D] = 0;
		put()
	:: else
	fi
}

inline event()
{
#ifdef BROKEN_WALK_FIRST
	walk();
#endif
	acquire(events[S]);
	move(S);
	events[S] = 0;
#ifndef BROKEN_WALK_FIRST
	walk()
#endif
}

#ifdef EVENT
proctype Event()
{
	byte n;
	bit found;

	event();
	done++
}
#define CPUS 2
#endif

#ifdef UNBIND
proctype Event()
{
	byte n;
	bit found;

	d_step { !driver -> stopped = 1 }
#ifdef BROKEN_UNCOVER_FIRST
	d_step { covered = 0; foreign = !first && !inserting }
#endif
	/* The reset is answered between two leaks. Nobody handles an interrupt any more. */
	d_step { !busy -> live = 0; latched = 0; irq = 0 }
	d_step { held[AT(0, S)] = 0; held[AT(1, S)] = 0 }
	d_step { held[AT(0, D)] = 0; held[AT(1, D)] = 0 }
#ifndef BROKEN_UNCOVER_FIRST
	d_step { covered = 0; foreign = !first && !inserting }
#endif
	event();
	done++
}
#define CPUS 2
#endif

#ifndef CPUS
#define CPUS 1
#endif

/* The leak interrupt */

/* In one leak a queue is armed anew once: a driver and a device that are fast enough never end. */
#define UNHURRIED (!busy || taken < 2)
#define BACK(queue) (used[AT(queue, S)] || used[AT(queue, D)])

inline take_back(queue, c)
{
	used[AT(queue, c)] = 0;
	held[AT(queue, c)] = 0;
	top[c] = MAX(top[c], source[AT(queue, c)]);
	source[AT(queue, c)] = 0
}

/* What has come back is taken in one step: the device returns its requests in several. */
proctype Interrupt()
{
	bit mine, back, own, armed[2];

end:	do
	:: d_step { irq && !driver && !stopped -> irq = 0; driver = 1; mine = 1 }
	:: d_step {
			mine && UNHURRIED && (BACK(0) || BACK(1)) ->
			back = (BACK(next) -> next : 1 - next);
			own = used[AT(back, S)];
			event_needed[S] = event_needed[S] | armed[back];
			event_needed[D] = event_needed[D] | (covered && !used[AT(back, D)]);
			if
			:: used[AT(back, S)] -> take_back(back, S)
			:: else
			fi;
			if
			:: used[AT(back, D)] ->
				take_back(back, D);
				leaked = 1;
#ifndef BROKEN_ALONE
				event_needed[S] = event_needed[S] | alone[back];
#endif
				alone[back] = 0
			:: else
			fi;
			next = 1 - back;
			confirm = 1
		}
		if
		:: own -> d_step { arm(AT(back, S), S) }
		:: else
		fi;
		d_step {
			if
			:: covered && !held[AT(back, D)] -> arm(AT(back, D), D); alone[back] = 0
			:: else
			fi;
			armed[back] = 1
		}
	:: d_step {
			mine && !BACK(0) && !BACK(1) -> driver = 0;
			mine = 0; back = 0; own = 0; armed[0] = 0; armed[1] = 0
		}
	od
}

#ifdef TWO
proctype Interrupt_b()
{
end:	d_step { used[B] -> used[B] = 0; held[B] = 0; top[S] = MAX(top[S], source[B]); source[B] = 0 }
	d_step { arm(B, S); confirm = 1 }
}
#define EVERYWHERE 0
#else
#define EVERYWHERE covered
#endif

#define GOOD(c) (!event_needed[c] && word[c] >= top[c])

proctype Confirm()
{
	byte n;
	bit found, good;

end:	do
	:: d_step {
			confirm && !events[S] -> confirm = 0;
			good = GOOD(S);
			events[S] = !good;
			event_needed[S] = 0
		}
		if
		:: !good -> move(S); events[S] = 0
		:: else
		fi;
		first_domain();
		if
		:: found ->
			d_step {
				!events[D] ->
#ifdef BROKEN_ONE_IS_ALL
				good = good && GOOD(D) && leaked;
#else
				good = good && GOOD(D) && leaked && EVERYWHERE;
#endif
				events[D] = !good;
				event_needed[D] = 0;
				leaked = 0
			}
			if
			:: !good -> move(D); events[D] = 0
			:: else
			fi;
			put()
		:: else
		fi;
		good = 0
	od
}

/* The devices. Requests of a leak are executed one by one, until the queue is empty. */

#define ANY (avail[AT(turn, S)] || avail[AT(turn, D)])

inline leak()
{
	leaks++;
	late[S] = 1;
	late[D] = listed
}

proctype Device()
{
	byte copy, leaks;

end:	do
	:: d_step { leaks < LEAKS && live && !ANY -> leak(); latched++ }
	:: d_step {
			live && ANY && (latched || leaks < LEAKS) ->
			if
			:: latched -> latched--
			:: else -> leak()
			fi;
			busy = 1
		}
		do
		:: d_step {
				avail[AT(turn, S)] -> avail[AT(turn, S)] = 0;
				publish(S, source[AT(turn, S)]);
				used[AT(turn, S)] = 1;
				taken++;
				/* A leak that moves both words is complete when it has moved both. */
				if
				:: !reached -> complete(avail[AT(turn, D)])
				:: else
				fi
			}
		:: d_step { avail[AT(turn, D)] -> avail[AT(turn, D)] = 0; copy = source[AT(turn, D)] }
			d_step {
				due = 2;
				reached = 1;
				publish(D, copy);
				used[AT(turn, D)] = 1;
				taken++;
				copy = 0
			}
		:: !ANY -> break
		od;
		atomic { irq = 1; busy = 0; turn = 1 - turn; taken = 0; reached = 0 }
	od
}

#ifdef TWO
proctype Device_b()
{
	byte leaks;

	d_step { leak(); avail[B] = 0; publish(S, source[B]); complete(0); used[B] = 1 }
	done++
}
#define DONE (CPUS + 1)
#else
#define DONE CPUS
#endif

/* At rest: nobody can take a step. */
proctype Rest()
{
	timeout;
	assert(done == DONE && !inserting && !driver && !events[S] && !events[D] && !confirm && !latched);
	assert(listed && users == 1);
	assert(!late[S] && !late[D]);
	assert(!due)
}

init
{
	atomic {
		arm(AT(0, S), S);
		arm(AT(1, S), S);
#ifdef TWO
		arm(B, S);
#endif
#ifdef ALIVE
		began = highest[S] + 1;
		word[D] = began; highest[D] = began; top[D] = began;
		first = began; shown = BIT(first); recent = first;
		listed = 1;
		users = 1;
#ifndef NOROOM
		covered = 1;
		arm(AT(0, D), D);
		arm(AT(1, D), D);
#endif
#endif
#ifdef FRESH
		word[S] = source[AT(0, S)];
		avail[AT(0, S)] = 0;
		used[AT(0, S)] = 1;
		irq = 1;
		turn = 1;
#endif
#ifdef TWO
		run Device_b();
		run Interrupt_b();
#endif
		run Device();
		run Interrupt();
		run Confirm();
		run Life();
#if CPUS == 2
		run Event();
#endif
		run Rest()
	}
}
