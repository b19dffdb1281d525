// SPDX-License-Identifier: LGPL-2.1-or-later
/* The counter, when a state has to be renewed, and what is said when that cannot be done. */
#define _GNU_SOURCE
#include "preload.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SWITCH "SYSGENID_PRELOAD"

/* Written once, before @ready (release ordering) is; the counter sees to itself. */
static struct {
	struct sysgenid_counter counter;
	uint32_t first; /* the generation that the program was started in */
	bool strict;
	bool refuse; /* strict, and there is no counter */
	atomic_bool ready;
} common;

/* A renewal calls functions of the library, which may come back to ours. */
static __thread bool renewing __attribute__((tls_model("initial-exec")));

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void say_no_counter(const char *path)
{
	char line[400];

	snprintf(line, sizeof(line),
		 "sysgenid: random bytes %s: cannot open the generation counter %s: %s; load the "
		 "kernel "
		 "module (modprobe sysgenid) and start the program again\n",
		 common.strict ? "fail" : "are not renewed after a restore", path,
		 strerror(-common.counter.error));
	say(line);
}

static void start(void)
{
	const char *wish = secure_getenv(SWITCH), *path = secure_getenv("SYSGENID_PATH");
	int saved = errno;

	common.strict = wish && !strcasecmp(wish, "strict");
	sysgenid_counter_open(&common.counter);
	common.first = sysgenid_counter_now(&common.counter);
	common.refuse = common.strict && !common.counter.handle;
	atomic_store_explicit(&common.ready, true, memory_order_release);
	/* Only on demand: the standard error of somebody else's program may be a data file. */
	if (!common.counter.handle && (common.strict || (wish && !strcasecmp(wish, "warn"))))
		say_no_counter(path && *path ? path : SYSGENID_DEVICE);
	errno = saved;
}

/* Functions may be called before our constructor, by those of other libraries. */
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

uint32_t preload_generation(void)
{
	be_ready();
	return sysgenid_counter_now(&common.counter);
}

bool preload_changed_since_start(void)
{
	return preload_generation() != common.first;
}

static __attribute__((noinline, cold)) bool
renew_now(struct preload_state *state, preload_renew_fn *renew, void *caller, void *arg)
{
	struct sysgenid_fresh fresh;
	uint32_t generation;
	int saved = errno;
	bool settled;

	if (!common.counter.handle)
		return !common.refuse;
	settled = sysgenid_counter_wait(&common.counter, &generation);
	if (!settled && common.strict)
		return false;
	/* Once is enough until the kernel is ready, however long that takes. */
	if (!settled && atomic_load_explicit(&state->unsettled, memory_order_relaxed) == generation)
		return true;
	sysgenid_counter_fresh(&fresh, generation);
	renewing = true;
	renew(&fresh, caller, arg);
	renewing = false;
	explicit_bzero(&fresh, sizeof(fresh));
	/* Asked again: the bytes were drawn in between. */
	if (settled && sysgenid_counter_settled(&common.counter, generation))
		atomic_store_explicit(&state->fit, generation, memory_order_release);
	else
		atomic_store_explicit(&state->unsettled, generation, memory_order_relaxed);
	errno = saved;
	return true;
}

bool preload_renew(struct preload_state *state, preload_renew_fn *renew, void *caller, void *arg)
{
	uint32_t now = preload_generation();

	if (__builtin_expect(atomic_load_explicit(&state->fit, memory_order_acquire) == now &&
				     !common.refuse,
			     1))
		return true;
	return renewing || renew_now(state, renew, caller, arg);
}

void preload_refuse(const char *function)
{
	char line[300];

	snprintf(line, sizeof(line),
		 "sysgenid: %s: there is no generation counter, or the kernel's generator is not "
		 "reseeded for this generation, and " SWITCH
		 "=strict is set; the program is ended, since this function cannot fail\n",
		 function);
	say(line);
	abort();
}

bool preload_kernel_bytes(void *to, size_t size)
{
	unsigned char *at = to;

	while (size) {
		long got = syscall(SYS_getrandom, at, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		size -= (size_t)got;
	}
	return true;
}

void preload_must_fill(void *to, size_t size, const char *function)
{
	int saved = errno;

	if (!preload_kernel_bytes(to, size)) {
		say("sysgenid: the kernel gives no random bytes (is getrandom forbidden here?), "
		    "and "
		    "there is no other function to call than: ");
		say(function);
		say("\n");
		abort();
	}
	errno = saved;
}
