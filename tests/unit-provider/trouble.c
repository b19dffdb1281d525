// SPDX-License-Identifier: GPL-2.0-only
/* No counter, a counter that never rests, and many threads. */
#include "stub.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit/helpers.h"
#include "../unit/tap.h"

#define THREADS 8
#define CALLS 2000

static atomic_bool stop;
static OSSL_LIB_CTX *shared;

/* Returns what is written to stderr meanwhile; the caller frees it. */
static char *stderr_of(void (*function)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char *text = calloc(1, 4096);

	must(file && saved >= 0 && text);
	dup2(fileno(file), STDERR_FILENO);
	function();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	text[fread(text, 1, 4095, file)] = 0;
	fclose(file);
	return text;
}

static int draw(void *unused)
{
	OSSL_LIB_CTX *libctx = stub_load("", "");
	unsigned char byte[16];
	int drawn = RAND_bytes_ex(libctx, byte, sizeof(byte), 0);

	(void)unused;
	OSSL_LIB_CTX_free(libctx);
	return drawn == 1 && !ERR_peek_error() ? 0 : 1;
}

/* Runs in a process of its own, since the message comes once a process. */
static void draw_quietly(void)
{
	is_int(in_child(draw, NULL), 0,
	       "without a counter: bytes as ever and nothing in OpenSSL's error queue");
}

static void draw_with_warning(void)
{
	for (int i = 0; i < 2; i++) {
		OSSL_LIB_CTX *libctx = stub_load("warn = yes", "");
		unsigned char byte[16];

		is_int(RAND_bytes_ex(libctx, byte, sizeof(byte), 0), 1,
		       "without a counter, with a warning: bytes as ever");
		OSSL_LIB_CTX_free(libctx);
	}
}

static void test_absent(void)
{
	OSSL_LIB_CTX *libctx;
	unsigned char byte[16];
	char *text;

	stub_page = NULL;
	stub_error = -ENOENT;
	text = stderr_of(draw_quietly);
	is_string(text, "", "without a counter: nothing on stderr");
	free(text);
	text = stderr_of(draw_with_warning);
	is_string(
		text,
		"sysgenid: OpenSSL's random bytes are not renewed after a restore: cannot open the "
		"generation counter /dev/sysgenid: No such file or directory; load the kernel "
		"module (modprobe sysgenid) and start the program again\n",
		"warn = yes: one line, once a process, that says what failed and what to do");
	free(text);
	libctx = stub_load("strict = yes", "");
	ok(RAND_bytes_ex(libctx, byte, sizeof(byte), 0) != 1,
	   "strict, without a counter: no bytes");
	contains(stub_last_error(), "there is no generation counter", "and the error says why");
	ok(RAND_priv_bytes_ex(libctx, byte, sizeof(byte), 0) != 1, "nor private ones");
	stub_last_error();
	OSSL_LIB_CTX_free(libctx);
	libctx = stub_load("strict = no", "");
	is_int(RAND_bytes_ex(libctx, byte, sizeof(byte), 0), 1, "strict = no is not strict");
	OSSL_LIB_CTX_free(libctx);
}

static void *bump_always(void *unused)
{
	while (!atomic_load(&stop))
		stub_bump();
	return unused;
}

static void test_busy(bool kernel_tells)
{
	OSSL_LIB_CTX *libctx;
	EVP_RAND_CTX *rand;
	unsigned int before;
	pthread_t thread;
	int drawn = 0;
	double start;

	stub_reset(kernel_tells);
	libctx = stub_load("", "");
	rand = RAND_get0_public(libctx);
	must(rand && stub_draw(rand));
	before = stub_reseeds(rand);
	atomic_store(&stop, false);
	must(!pthread_create(&thread, NULL, bump_always, NULL));
	start = stub_seconds();
	for (int i = 0; i < CALLS; i++) {
		/* The thread may not get to run by itself. */
		stub_bump();
		drawn += stub_draw(rand) != 0;
	}
	is_int(drawn, CALLS, "a counter that never rests: bytes come");
	diag("%u reseeds in %d calls, %.0f us a call", stub_reseeds(rand) - before, CALLS,
	     (stub_seconds() - start) / CALLS * 1e6);
	ok(stub_reseeds(rand) - before >= CALLS, "each change is noticed");
	/*
	 * Its own reseed in each of two tries, and one more if the primary was reseeded meanwhile.
	 */
	ok(stub_reseeds(rand) - before <= 4 * CALLS, "the number of reseeds a call has a bound");
	ok(stub_seconds() - start < 30,
	   "there is one wait for the kernel at most, and not one a call");
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	OSSL_LIB_CTX_free(libctx);
}

static void *draw_many(void *failures)
{
	unsigned char bytes[16];

	for (int i = 0; i < CALLS; i++) {
		if (RAND_bytes_ex(shared, bytes, sizeof(bytes), 0) != 1 ||
		    RAND_priv_bytes_ex(shared, bytes, sizeof(bytes), 0) != 1)
			atomic_fetch_add((atomic_int *)failures, 1);
		/* The generator that all threads share. */
		if (i % 16 == 0 && !stub_draw(RAND_get0_primary(shared)))
			atomic_fetch_add((atomic_int *)failures, 1);
	}
	OPENSSL_thread_stop_ex(shared);
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	atomic_int failures = 0;
	unsigned int before;

	stub_reset(true);
	shared = stub_load("strict = yes", "");
	must(RAND_get0_primary(shared));
	before = stub_reseeds(RAND_get0_primary(shared));
	for (int i = 0; i < THREADS; i++)
		must(!pthread_create(&threads[i], NULL, draw_many, &failures));
	for (int i = 0; i < 200; i++) {
		stub_bump();
		usleep(100);
		stub_kernel_ready();
		usleep(500);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	is_int(failures, 0, "threads that draw while the generation changes all get their bytes");
	ok(stub_reseeds(RAND_get0_primary(shared)) > before,
	   "and the generator they share was renewed");
	OSSL_LIB_CTX_free(shared);
}

int main(void)
{
	test_absent();
	test_busy(false);
	test_busy(true);
	test_threads();
	return tap_done();
}
