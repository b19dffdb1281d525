// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws from each library, at the start and at each SIGUSR1, in the main thread and in another one
 * that lives on; with the argument "drbg" libgcrypt uses its DRBG instead of its pool. It knows
 * nothing of us.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libraries.h"
#include "subject.h"

#define ROUNDS 3
#define GCRYCTL_SET_PREFERRED_RNG_TYPE 65
#define GCRY_RNG_TYPE_FIPS 2
#define RNDLEVEL_RANDOM 1

static pthread_barrier_t begin, end;
static void (*libc_arc4random_buf)(void *to, size_t size);

static void tell(const char *who, const char *what, const unsigned char *bytes)
{
	char hex[33];

	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	say("%s%s drew %s", what, who, hex);
}

static void draw_states(const char *who)
{
	unsigned char to[16];

	if (RAND_bytes(to, sizeof(to)) != 1)
		die("RAND_bytes");
	tell(who, "openssl", to);
	if (RAND_priv_bytes(to, sizeof(to)) != 1)
		die("RAND_priv_bytes");
	tell(who, "openssl-private", to);
	if (gnutls_rnd(RNDLEVEL_RANDOM, to, sizeof(to)))
		die("gnutls_rnd");
	tell(who, "gnutls", to);
	if (gnutls_rnd(0, to, sizeof(to)))
		die("gnutls_rnd");
	tell(who, "gnutls-nonce", to);
	arc4random_buf(to, sizeof(to));
	tell(who, "libbsd", to);
	gcry_create_nonce(to, sizeof(to));
	tell(who, "gcrypt-nonce", to);
	gcry_randomize(to, sizeof(to), GCRY_STRONG_RANDOM);
	tell(who, "gcrypt", to);
}

static void draw_stateless(void)
{
	unsigned char to[16];

	libc_arc4random_buf(to, sizeof(to));
	tell("", "libc-arc4random", to);
	uuid_generate_random(to);
	tell("", "uuid-random", to);
}

/* Clock sequence and node, twice: the time in front of them is never the same. */
static void draw_uuid_place(void)
{
	unsigned char to[16];

	uuid_generate_time(to);
	memcpy(to, to + 8, 8);
	tell("", "uuid-place", to);
}

static void *draw_in_thread(void *unused)
{
	for (;;) {
		pthread_barrier_wait(&begin);
		for (int i = 0; i < ROUNDS; i++)
			draw_states("-thread");
		pthread_barrier_wait(&end);
	}
	return unused;
}

/*
 * libbsd reseeds at each call in process 1, which a container's first one is: it hands signals on
 * instead.
 */
static void leave_process_one(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	while (pid) {
		await_signal();
		kill(pid, SIGUSR1);
	}
}

int main(int argc, char **argv)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY);

	expect_signals();
	leave_process_one();
	if (argc > 1 && !strcmp(argv[1], "drbg"))
		gcry_control(GCRYCTL_SET_PREFERRED_RNG_TYPE, GCRY_RNG_TYPE_FIPS);
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	libc_arc4random_buf = (void (*)(void *, size_t))dlsym(libc, "arc4random_buf");
	if (!libc_arc4random_buf || pthread_barrier_init(&begin, NULL, 2) ||
	    pthread_barrier_init(&end, NULL, 2))
		die("prepare");
	start_thread(draw_in_thread, NULL);
	for (;;) {
		pthread_barrier_wait(&begin);
		pthread_barrier_wait(&end);
		for (int i = 0; i < ROUNDS; i++) {
			draw_states("");
			draw_stateless();
		}
		draw_uuid_place();
		say("drawn");
		await_signal();
	}
}
