// SPDX-License-Identifier: GPL-2.0-only
/*
 * When each library is renewed, and how often. This program exports the preload library's functions
 * itself.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/tap.h"
#include "counter.h"
#include "libraries.h"

extern int spied_openssl, spied_other_openssl, spied_gnutls, spied_gcrypt, spied_bsd;

static void draw_openssl(void)
{
	unsigned char to[8];

	must(RAND_bytes(to, sizeof(to)) == 1 && RAND_priv_bytes(to, sizeof(to)) == 1);
	must(RAND_bytes_ex(NULL, to, sizeof(to), 0) == 1);
	must(RAND_priv_bytes_ex(NULL, to, sizeof(to), 0) == 1);
}

static void draw_gnutls(void)
{
	unsigned char to[8];

	for (int level = 0; level < 3; level++)
		must(gnutls_rnd(level, to, sizeof(to)) == 0);
}

static void draw_gcrypt(void)
{
	unsigned char to[8];

	gcry_randomize(to, sizeof(to), GCRY_STRONG_RANDOM);
	gcry_create_nonce(to, sizeof(to));
	gcry_free(gcry_random_bytes(sizeof(to), GCRY_STRONG_RANDOM));
}

static void draw_bsd(void)
{
	unsigned char to[8];
	uint32_t number = arc4random();

	(void)number;
	arc4random_buf(to, sizeof(to));
	must(arc4random_uniform(3) < 3);
}

static const struct library {
	const char *name;
	void (*draw)(void);
	int *renewed;
} libraries[] = {
	{ "OpenSSL", draw_openssl, &spied_openssl },
	{ "GnuTLS", draw_gnutls, &spied_gnutls },
	{ "libgcrypt", draw_gcrypt, &spied_gcrypt },
	{ "libbsd", draw_bsd, &spied_bsd },
};

/* Draws with each function of the library, and returns how often the library was renewed. */
static int renewals(const struct library *library)
{
	int before = *library->renewed;

	library->draw();
	return *library->renewed - before;
}

static void *renewals_in_thread(void *arg)
{
	return (void *)(long)renewals(arg);
}

static int in_a_thread(const struct library *library)
{
	pthread_t thread;
	void *result;

	must(!pthread_create(&thread, NULL, renewals_in_thread, (void *)library));
	must(!pthread_join(thread, &result));
	return (int)(long)result;
}

static int in_a_child(const struct library *library)
{
	pid_t pid = fork();
	int status;

	must(pid >= 0);
	if (!pid)
		_exit(renewals(library));
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check(const struct library *library, bool state_of_threads)
{
	char name[100];

#define NAME(text) (snprintf(name, sizeof(name), "%s: " text, library->name), name)
	renewals(library);
	is_int(renewals(library), 0, NAME("no renewal while the generation stays"));
	bump();
	is_int(renewals(library), 1, NAME("one renewal after a change, whatever is called"));
	is_int(renewals(library), 0, NAME("and no other until the next one"));
	bump();
	is_int(in_a_child(library), 1, NAME("a child that sees a change first renews its copy"));
	is_int(renewals(library), 1, NAME("and the parent its own"));
	is_int(in_a_child(library), 0, NAME("a child of after it has nothing to do"));
	bump();
	is_int(in_a_thread(library), 1, NAME("a thread renews"));
	is_int(renewals(library), state_of_threads,
	       state_of_threads ? NAME("and the main thread has a state of its own to renew")
				: NAME("for all threads"));
	restore_machine();
	is_int(renewals(library), 1, NAME("a machine is restored: one before the word has moved"));
	is_int(renewals(library), 0, NAME("and no other when it has"));
#undef NAME
}

static void check_late_kernel(const struct library *library)
{
	renewals(library);
	__atomic_add_fetch(&page.generation, 1, __ATOMIC_RELEASE);
	is_int(renewals(library), 1,
	       "the kernel's generator is late: a renewal with what there is");
	is_int(renewals(library), 0, "once");
	kernel_ready();
	is_int(renewals(library), 1, "and one more when the kernel is ready");
	is_int(renewals(library), 0, "and no more");
}

static void check_other_context(void)
{
	void *libctx = OSSL_LIB_CTX_new();
	unsigned char to[8];
	int before;

	must(libctx && RAND_bytes_ex(libctx, to, sizeof(to), 0) == 1);
	bump();
	before = spied_other_openssl;
	must(RAND_bytes_ex(libctx, to, sizeof(to), 0) == 1);
	must(RAND_priv_bytes_ex(libctx, to, sizeof(to), 0) == 1);
	is_int(spied_other_openssl - before, 1,
	       "OpenSSL: another library context has its own renewal");
}

/* libcrypto's own draws do not come through RAND_bytes(). */
static void check_pseudo_bytes(void)
{
	unsigned char to[8];
	int before = spied_openssl;

	bump();
	must(RAND_pseudo_bytes(to, sizeof(to)) == 1);
	is_int(spied_openssl - before, 1, "OpenSSL: RAND_pseudo_bytes renews, too");
}

static void check_uuid(void)
{
	unsigned char first[16], second[16], third[16], random[16];

	uuid_generate_time(first);
	bump();
	uuid_generate_time(second);
	uuid_generate_time(third);
	ok(memcmp(first + 8, second + 8, 8) != 0,
	   "libuuid: a change replaces clock sequence and node");
	ok(!memcmp(second + 8, third + 8, 8), "which stay until the next one");
	ok((second[8] & 0xc0) == 0x80 && (second[6] & 0xf0) == 0x10,
	   "variant and version stay right");
	ok(second[10] & 1, "the new node is no network card's");
	bump();
	must(uuid_generate_time_safe(third) <= 0);
	ok(memcmp(second + 8, third + 8, 8) != 0, "uuid_generate_time_safe too");
	restore_machine();
	uuid_generate_time(second);
	ok(memcmp(second + 8, third + 8, 8) != 0,
	   "in a restored machine before the word has moved");
	uuid_generate(random);
	ok((random[6] & 0xf0) == 0x40, "random ones stay random ones");
}

int main(void)
{
	must(gcry_check_version(NULL) && !gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0));
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		check(&libraries[i], libraries[i].draw == draw_gnutls);
	check_late_kernel(&libraries[0]);
	check_other_context();
	check_pseudo_bytes();
	check_uuid();
	return tap_done();
}
