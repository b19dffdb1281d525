// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the preload library's functions do when the library behind them lacks a part or fails, and
 * when they are called at bad times.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/forbid.h"
#include "../unit/tap.h"
#include "calls.h"
#include "counter.h"
#include "fakes.h"
#include "libraries.h"

static char said[1000]; /* what the last child has written to standard error */

/* Runs @work in a child; returns its status, 128 and more for a signal. */
static int in_child(int (*work)(const void *), const void *arg)
{
	int status, to[2];
	ssize_t got;
	pid_t pid;

	must(!pipe(to));
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		dup2(to[1], STDERR_FILENO);
		close(to[0]);
		close(to[1]);
		alarm(20);
		_exit(work(arg));
	}
	close(to[1]);
	got = read(to[0], said, sizeof(said) - 1);
	said[got > 0 ? got : 0] = 0;
	close(to[0]);
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *label(const char *name, const char *text)
{
	static char all[200];

	snprintf(all, sizeof(all), "%s: %s", name, text);
	return all;
}

/* The program was started without any of the libraries, so that nothing has been found yet. */
static int call_without(const void *arg)
{
	const struct function *function = arg;
	int ret = function->call();

	return ret == DONE && !memcmp(drawn, fake_zeros, 4) ? WRONG : ret;
}

static int call_renewed(const void *arg)
{
	const struct function *function = arg;
	int ret;

	fake_hidden = "";
	bump();
	ret = function->call();
	return ret == DONE && fake_renewals != !!function->renewer ? WRONG : ret;
}

/* The library has all functions but those that renew it. */
static int call_unrenewed(const void *arg)
{
	const struct function *function = arg;

	fake_hidden = function->renewer;
	bump();
	return function->call();
}

/* The functions are there and fail; then they work again. */
static int call_failing(const void *arg)
{
	const struct function *function = arg;
	int ret;

	fake_hidden = "";
	fake_result = 1;
	bump();
	ret = function->call();
	fake_result = 0;
	return ret == REFUSED && function->call() != DONE ? WRONG : ret;
}

static int hide_all_and_abort(const struct function *function, int (*call)(const void *),
			      int expected, const char *text)
{
	int status = in_child(call, function);

	is_int(status, expected, label(function->name, text));
	if (expected != ABORTS)
		return 0;
	contains(said, function->name, label(function->name, "and it says so"));
	return 1;
}

static void test_each(const struct function *function)
{
	hide_all_and_abort(function, call_without, function->without,
			   "where the library lacks it: real bytes, or a failure, or the end");
	is_int(in_child(call_renewed, function), DONE,
	       label(function->name, "renews the library first"));
	if (!function->renewer)
		return;
	hide_all_and_abort(function, call_unrenewed, function->unrenewed,
			   "where the library cannot be renewed: no bytes of an old generation");
	if (strncmp(function->name, "arc4", 4))
		hide_all_and_abort(function, call_failing, function->unrenewed,
				   "where the renewal fails: none either, until one has worked");
}

static int fail_drbg(const void *unused)
{
	(void)unused;
	fake_hidden = "";
	fake_control_result = 0x01000000u | 99;
	bump();
	return call_pk_sign();
}

/* OpenSSL's own function fails then. */
static int draw_negative(const void *unused)
{
	unsigned char bytes[16] = "nobody touches";

	(void)unused;
	if (RAND_bytes(bytes, -1) == 1 || RAND_priv_bytes(bytes, -1) == 1)
		return 1;
	return strcmp((char *)bytes, "nobody touches") != 0;
}

static int draw_without_getrandom(const void *arg)
{
	forbid(SYS_getrandom);
	return call_without(arg);
}

static int renew_without_getrandom(const void *arg)
{
	forbid(SYS_getrandom);
	return call_renewed(arg);
}

static int draw_without_kernel(const void *arg)
{
	forbid(SYS_openat);
	return draw_without_getrandom(arg);
}

static int renew_without_kernel(const void *arg)
{
	forbid(SYS_openat);
	return renew_without_getrandom(arg);
}

static void test_no_kernel_bytes(void)
{
	for (size_t i = 0; i < n_functions; i++) {
		const struct function *function = &functions[i];
		int refusal = function->unrenewed == REFUSED ? REFUSED : ABORTS;

		if (function->without == DONE)
			is_int(in_child(draw_without_getrandom, function), DONE,
			       label(function->name, "no getrandom, and no library: /dev/urandom"));
		is_int(in_child(renew_without_getrandom, function), DONE,
		       label(function->name, "no getrandom: renewed from /dev/urandom"));
		is_int(in_child(draw_without_kernel, function),
		       function->without == DONE ? refusal : function->without,
		       label(function->name, "no bytes of the kernel, and no library: refused"));
		is_int(in_child(renew_without_kernel, function), refusal,
		       label(function->name, "no bytes of the kernel: no renewal"));
	}
}

static int renewals_at_signal;

static void draw_in_handler(int unused)
{
	(void)unused;
	if (call_rand_bytes() == DONE)
		renewals_at_signal = fake_renewals;
}

static void send_signal(void)
{
	raise(SIGUSR1);
}

/*
 * The handler draws as well: it must not get bytes of a generator that is only about to be renewed.
 */
static int draw_interrupted(const void *unused)
{
	(void)unused;
	fake_hidden = "";
	renewals_at_signal = -1;
	fake_while_renewing = send_signal;
	signal(SIGUSR1, draw_in_handler);
	bump();
	return call_rand_bytes() == DONE && renewals_at_signal >= 1 ? DONE : WRONG;
}

static void draw_from_another(void)
{
	fake_while_renewing = NULL;
	if (gnutls_rnd(1, drawn, sizeof(drawn)) || fake_renewals != 1)
		fake_renewals = -100; /* the refresh of GnuTLS should have been counted */
}

static int draw_nested(const void *unused)
{
	(void)unused;
	fake_hidden = "";
	fake_while_renewing = draw_from_another;
	bump();
	return call_rand_bytes() == DONE && fake_renewals == 2 ? DONE : WRONG;
}

/* The libraries draw zeros. */
static void must_be_kernels(bool done)
{
	if (!done || !memcmp(drawn, fake_zeros, 4))
		_exit(WRONG);
}

static const struct function *again;

/* As an allocator may. */
static void draw_from_the_same(void)
{
	if (again->call() != again->without)
		_exit(WRONG);
	if (again->without == DONE)
		must_be_kernels(true);
}

static int draw_recursively(const void *arg)
{
	again = arg;
	fake_hidden = "";
	fake_while_renewing = draw_from_the_same;
	bump();
	return again->call() == DONE && fake_renewals == 1 ? DONE : WRONG;
}

static unsigned char other_context[4];

static void draw_from_other_context(void)
{
	fake_while_renewing = NULL;
	must_be_kernels(RAND_bytes_ex(other_context, drawn, sizeof(drawn), 0) == 1);
}

static int draw_from_two_contexts(const void *unused)
{
	(void)unused;
	fake_hidden = "";
	fake_while_renewing = draw_from_other_context;
	bump();
	if (RAND_bytes_ex(fake_zeros, drawn, 8, 0) != 1 || fake_renewals != 1)
		return WRONG;
	return RAND_bytes_ex(other_context, drawn, 8, 0) == 1 && fake_renewals == 2 ? DONE : WRONG;
}

static void *draw_cancelled(void *unused)
{
	pthread_cancel(pthread_self());
	call_rand_bytes();
	return unused;
}

static int cancel(const void *unused)
{
	pthread_t thread;
	void *ret;

	(void)unused;
	fake_hidden = "";
	fake_while_renewing = pthread_testcancel;
	bump();
	must(!pthread_create(&thread, NULL, draw_cancelled, NULL));
	must(!pthread_join(thread, &ret));
	return fake_renewals == 1 ? DONE : WRONG;
}

static int keep_errno(const void *arg)
{
	const struct function *function = arg;

	fake_hidden = "";
	bump();
	errno = ENOTBLK;
	return function->call() == DONE && errno == ENOTBLK ? DONE : WRONG;
}

static void draw_like_an_allocator(void)
{
	static int depth;

	if (++depth > 100)
		_exit(WRONG);
	must_be_kernels(call_arc4random_buf() == DONE);
	must_be_kernels(call_nonce() == DONE);
	depth--;
}

static int draw_while_looking(const void *unused)
{
	(void)unused;
	fake_hidden = "";
	fake_while_looking = draw_like_an_allocator;
	return call_rand_bytes();
}

static void draw_while_nothing_is_found(void)
{
	fake_while_looking = NULL;
	must_be_kernels(call_rand_bytes() == DONE);
}

static int draw_same_while_looking(const void *unused)
{
	(void)unused;
	fake_hidden = "";
	fake_while_looking = draw_while_nothing_is_found;
	bump();
	return call_rand_bytes() == DONE && fake_renewals == 1 ? DONE : WRONG;
}

static void test_bad_times(void)
{
	is_int(in_child(draw_interrupted, NULL), DONE,
	       "a signal handler that comes in a renewal draws after it");
	is_int(in_child(draw_nested, NULL), DONE,
	       "a library that draws from another one in its renewal has that renewed, too");
	for (size_t i = 0; i < n_functions; i++)
		if (functions[i].renewer)
			is_int(in_child(draw_recursively, &functions[i]),
			       functions[i].without == ABORTS ? ABORTS : DONE,
			       label(functions[i].name, "called in its renewal: no old bytes"));
	is_int(in_child(draw_from_two_contexts, NULL), DONE,
	       "nor of another library context, which is renewed after that");
	is_int(in_child(cancel, NULL), DONE, "a thread is not cancelled in a renewal");
	is_int(in_child(draw_while_looking, NULL), DONE,
	       "an allocator that draws while functions are looked for gets the kernel's bytes");
	is_int(in_child(draw_same_while_looking, NULL), DONE,
	       "and the generator that is looked for is renewed after that");
	for (size_t i = 0; i < n_functions; i++)
		is_int(in_child(keep_errno, &functions[i]), DONE,
		       label(functions[i].name, "errno stays as it was"));
}

/* Runs before the preload library's constructor. */
__attribute__((constructor(101))) static void prepare(void)
{
	if (getenv("TEST_ALLOCATOR"))
		while_opening = fake_while_looking = draw_like_an_allocator;
}

/* Runs as a program of its own, since the counter is opened once. */
static int start_anew(const void *unused)
{
	setenv("TEST_ALLOCATOR", "1", 1);
	execl("/proc/self/exe", "missing.t", NULL);
	return *(const int *)unused;
}

int main(void)
{
	if (getenv("TEST_ALLOCATOR"))
		return DONE;
	for (size_t i = 0; i < n_functions; i++)
		test_each(&functions[i]);
	is_int(in_child(fail_drbg, NULL), REFUSED,
	       "gcry_pk_sign: a DRBG that cannot be made anew is not taken for renewed");
	is_int(in_child(draw_negative, NULL), 0,
	       "RAND_bytes: a negative size without OpenSSL: a failure, and nothing is written");
	test_no_kernel_bytes();
	test_bad_times();
	is_int(in_child(start_anew, &(int){ WRONG }), DONE,
	       "an allocator that draws while the counter is opened gets the kernel's bytes");
	return tap_done();
}
