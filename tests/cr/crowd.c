// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bystanders: processes that each have a PID namespace alone and sleep in poll() until the
 * generation of that namespace moves.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "subject.h"

struct bystander {
	uint32_t ready;
	uint32_t woken;	  /* how often */
	uint32_t changed; /* has the generation changed since the start? */
};

static void stand_by(struct bystander *self) __attribute__((noreturn));
static void stand_by(struct bystander *self)
{
	int fd = open(SYSGENID_DEVICE, O_RDWR);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	const uint32_t *word = mmap(NULL, sizeof(*word), PROT_READ, MAP_SHARED, fd, 0);
	uint32_t first, now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || word == MAP_FAILED)
		_exit(1);
	first = __atomic_load_n(word, __ATOMIC_ACQUIRE);
	__atomic_store_n(&self->ready, 1, __ATOMIC_RELEASE);
	for (;;) {
		if (poll(&wait, 1, -1) != 1)
			continue;
		now = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		__atomic_store_n(&self->changed, now != first, __ATOMIC_RELEASE);
		__atomic_fetch_add(&self->woken, 1, __ATOMIC_RELEASE);
		if (write(fd, &now, sizeof(now)) < 0 && errno != EINVAL)
			_exit(1);
	}
}

static void report(const struct bystander *all, unsigned int n)
{
	unsigned int ready = 0, woken = 0, changed = 0;

	for (unsigned int i = 0; i < n; i++) {
		ready += __atomic_load_n(&all[i].ready, __ATOMIC_ACQUIRE);
		woken += __atomic_load_n(&all[i].woken, __ATOMIC_ACQUIRE) > 0;
		changed += __atomic_load_n(&all[i].changed, __ATOMIC_ACQUIRE);
	}
	say("%u of %u: %u woken, %u changed", ready, n, woken, changed);
}

/* Starts the bystanders and reports on them at each SIGUSR1. */
int host_crowd(char **args)
{
	unsigned int n = args[1] ? (unsigned int)atoi(args[1]) : 0;
	struct bystander *all;

	if (!n)
		return 2;
	all = mmap(NULL, n * sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		   0);
	if (all == MAP_FAILED)
		die("mmap");
	expect_signals();
	for (unsigned int i = 0; i < n; i++) {
		long pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);

		if (pid < 0)
			die("clone");
		if (!pid)
			stand_by(&all[i]);
	}
	say("ready");
	for (;;) {
		await_signal();
		report(all, n);
	}
}
