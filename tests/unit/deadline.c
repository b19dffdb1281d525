// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for a descriptor with a time limit. */
#include "deadline.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "helpers.h"
#include "tap.h"

#define LONG_MS 20000 /* much more than any machine needs */

static void on_alarm(int number)
{
	(void)number;
}

static void test_signal(int fd)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval soon = { .it_value.tv_usec = 20000, .it_interval.tv_usec = 20000 };
	const struct itimerval never = { 0 };
	const struct sysgenid_deadline deadline = sysgenid_deadline_in(LONG_MS);

	must(!sigaction(SIGALRM, &action, NULL));
	must(!setitimer(ITIMER_REAL, &soon, NULL));
	is_int(sysgenid_poll(fd, &deadline), -EINTR, "a signal ends the wait");
	must(!setitimer(ITIMER_REAL, &never, NULL));
}

int main(void)
{
	struct sysgenid_deadline deadline;
	int pipes[2];
	int64_t start;

	must(!pipe(pipes));
	start = now_ms();
	deadline = sysgenid_deadline_in(60);
	is_int(sysgenid_poll(pipes[0], &deadline), -ETIME, "a silent descriptor gives ETIME");
	ok(now_ms() - start >= 59, "not before the time is over");
	is_int(sysgenid_poll(pipes[0], &deadline), -ETIME, "a deadline that is past gives ETIME");

	deadline = sysgenid_deadline_in(60);
	deadline.end_ns += 3600 * 1000000000LL;
	start = now_ms();
	is_int(sysgenid_poll(pipes[0], &deadline), -ETIME, "a clock that jumped back gives ETIME");
	ok(now_ms() - start < LONG_MS, "after no more than the wait was to take");

	test_signal(pipes[0]);

	must(write(pipes[1], "x", 1) == 1);
	deadline = sysgenid_deadline_in(0);
	is_int(sysgenid_poll(pipes[0], &deadline), 0, "a ready descriptor is seen without waiting");
	deadline = sysgenid_deadline_in(-1);
	is_int(sysgenid_poll(pipes[0], &deadline), 0, "and without a time limit");
	must(!close(pipes[0]) && !close(pipes[1]));
	deadline = sysgenid_deadline_in(-1);
	is_int(sysgenid_poll(pipes[0], &deadline), -EBADF, "a closed descriptor gives EBADF");
	return tap_done();
}
