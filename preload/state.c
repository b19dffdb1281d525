// SPDX-License-Identifier: LGPL-2.1-or-later
/* The counter, when a state has to be renewed, and what is said when that cannot be done. */
#define _GNU_SOURCE
#include "preload.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SWITCH "SYSGENID_PRELOAD"

/* Written once, before @ready (release ordering) is; the counter sees to itself. */
static struct {
	struct renew_counter counter;
	uint32_t first; /* the generation that the program was started in */
	bool strict;
	bool refuse; /* strict, and there is no counter */
	atomic_bool ready;
} common;

/*
 * States that this thread renews now, the innermost first: renewals call functions that may come
 * back to ours.
 */
struct renewal {
	const struct renew_state *state;
	const struct renewal *outer;
};

static __thread const struct renewal *renewals __attribute__((tls_model("initial-exec")));
static __thread bool starting __attribute__((tls_model("initial-exec")));

void preload_be_quiet(struct preload_quiet *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel);
	pthread_sigmask(SIG_SETMASK, &all, &before->signals);
}

void preload_end_quiet(const struct preload_quiet *before)
{
	pthread_sigmask(SIG_SETMASK, &before->signals, NULL);
	pthread_setcancelstate(before->cancel, NULL);
}

/* Use the system call: write() is a cancellation point. */
static void say(const char *text)
{
	int saved = errno;

	(void)!syscall(SYS_write, STDERR_FILENO, text, strlen(text));
	errno = saved;
}

static void say_no_counter(const char *path)
{
	char line[400];

	snprintf(line, sizeof(line),
		 "sysgenid: random bytes %s: cannot open the generation counter %s: %s; load the "
		 "kernel module (modprobe sysgenid) and start the program again\n",
		 common.strict ? "fail" : "are not renewed after a restore", path,
		 strerror(-common.counter.error));
	say(line);
}

static void start(void)
{
	const char *wish = secure_getenv(SWITCH), *path = secure_getenv("SYSGENID_PATH");
	int saved = errno;
	struct preload_quiet before;

	preload_be_quiet(&before);
	starting = true;
	common.strict = wish && !strcasecmp(wish, "strict");
	renew_counter_open(&common.counter);
	common.first = renew_generation(&common.counter);
	common.refuse = common.strict && !common.counter.handle;
	preload_find_all();
	atomic_store_explicit(&common.ready, true, memory_order_release);
	/* Only if configured: the standard error of the program may be a data file. */
	if (!common.counter.handle && (common.strict || (wish && !strcasecmp(wish, "warn"))))
		say_no_counter(path && *path ? path : SYSGENID_DEVICE);
	starting = false;
	preload_end_quiet(&before);
	errno = saved;
}

/* Constructors of other libraries may call functions before our constructor runs. */
static inline void be_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (__builtin_expect(!atomic_load_explicit(&common.ready, memory_order_acquire), 0))
		pthread_once(&once, start);
}

/* Early, before the program gives up rights or changes its root. */
__attribute__((constructor)) static void open_early(void)
{
	be_ready();
}

bool preload_is_starting(void)
{
	return starting;
}

bool preload_changed_since_start(void)
{
	be_ready();
	return !renew_is_current(&common.counter.mapped, common.first);
}

/* What feed() needs. */
struct call {
	preload_feed_fn *feed;
	void *caller, *arg;
	const struct renew_state *state;
};

static const char *feed(const struct renew_bytes *bytes, void *arg)
{
	const struct call *call = arg;
	struct renewal this = { .state = call->state, .outer = renewals };
	struct preload_quiet before;
	const char *why;

	preload_be_quiet(&before);
	renewals = &this;
	why = call->feed(bytes, call->caller, call->arg);
	renewals = this.outer;
	preload_end_quiet(&before);
	return why;
}

/*
 * A place is never given back. A library that is loaded at the address of one that was unloaded
 * takes over its place: what that says of a generation holds for a generator that was seeded later.
 */
struct renew_state *preload_state_of_copy(struct preload_states *states, const void *copy)
{
	for (size_t i = 0; i < PRELOAD_COPIES; i++) {
		const void *owner = NULL;

		if (atomic_compare_exchange_strong_explicit(&states->own[i].copy, &owner, copy,
							    memory_order_relaxed,
							    memory_order_relaxed) ||
		    owner == copy)
			return &states->own[i].state;
	}
	return NULL;
}

bool preload_is_being_renewed(const struct renew_state *state)
{
	for (const struct renewal *one = renewals; one; one = one->outer)
		if (one->state == state)
			return true;
	return false;
}

/* The kernel's bytes: there is nothing to renew, but the kernel itself may be late. */
static const char *feed_nothing(const struct renew_bytes *bytes, void *arg)
{
	(void)bytes;
	(void)arg;
	return NULL;
}

/* @why is set if the verdict is that both are refused. */
static __attribute__((noinline, cold)) enum preload_verdict renew_now(struct renew_state *state,
								      preload_feed_fn *feed_fn,
								      void *caller, void *arg,
								      const char **why)
{
	static struct renew_state nothing;
	struct call call = { .feed = feed_fn, .caller = caller, .arg = arg, .state = state };
	struct renew_state once = { .fit = RENEW_NEVER, .early = RENEW_NEVER };

	if (arg && preload_is_being_renewed(state))
		return PRELOAD_KERNEL;
	if (arg)
		*why = renew(&common.counter, state ? state : &once, common.strict, feed, &call);
	else if (common.refuse || !renew_is_fit(&nothing, &common.counter.mapped))
		*why = renew(&common.counter, &nothing, common.strict, feed_nothing, NULL);
	else
		*why = NULL;
	if (*why)
		return PRELOAD_REFUSED;
	return arg ? PRELOAD_READY : PRELOAD_KERNEL;
}

static inline enum preload_verdict renew_if_due(struct renew_state *state, preload_feed_fn *feed_fn,
						void *caller, void *arg, const char **why)
{
	/* Nothing is found for the caller now: see preload_next(). */
	if (__builtin_expect(starting, 0))
		return PRELOAD_KERNEL;
	be_ready();
	if (__builtin_expect(arg && state && renew_is_fit(state, &common.counter.mapped) &&
				     !common.refuse,
			     1))
		return PRELOAD_READY;
	return renew_now(state, feed_fn, caller, arg, why);
}

enum preload_verdict preload_renew(struct renew_state *state, preload_feed_fn *feed_fn,
				   void *caller, void *arg)
{
	const char *why;

	return renew_if_due(state, feed_fn, caller, arg, &why);
}

bool preload_must_renew(struct renew_state *state, preload_feed_fn *feed_fn, void *caller,
			void *arg, const char *function)
{
	const char *why;
	enum preload_verdict verdict = renew_if_due(state, feed_fn, caller, arg, &why);

	if (verdict == PRELOAD_REFUSED)
		preload_refuse(function, why);
	return verdict == PRELOAD_READY;
}

void preload_refuse(const char *function, const char *why)
{
	char line[400];

	snprintf(line, sizeof(line),
		 "sysgenid: %s: %s; the program is ended, since this function cannot fail\n",
		 function, why);
	say(line);
	abort();
}

void preload_must_fill(void *to, size_t size, const char *function)
{
	if (!renew_kernel_bytes(to, size))
		preload_refuse(function,
			       "no library has this function, and the kernel gives no random bytes "
			       "(are getrandom and /dev/urandom forbidden here?)");
}
