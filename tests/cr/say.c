// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "subject.h"

void say(const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n < 0 || n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	/* One write() for each line, since tasks and threads share the file. */
	if (write(STDOUT_FILENO, line, n) != n)
		_exit(3);
}

void die(const char *what)
{
	say("failed: %s: %s", what, strerror(errno));
	exit(1);
}

long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void usr1_only(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
}

void expect_signals(void)
{
	sigset_t set;

	usr1_only(&set);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL))
		die("pthread_sigmask");
}

void await_signal(void)
{
	sigset_t set;
	int number;

	usr1_only(&set);
	if (sigwait(&set, &number))
		die("sigwait");
}

void start_thread(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, body, arg);
	if (errno)
		die("pthread_create");
}
