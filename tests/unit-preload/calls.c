// SPDX-License-Identifier: GPL-2.0-only
#include "calls.h"

#include <string.h>

#include "fakes.h"
#include "libraries.h"

unsigned char drawn[32];

int call_rand_bytes(void)
{
	return RAND_bytes(drawn, sizeof(drawn)) == 1 ? DONE : REFUSED;
}

static int rand_priv_bytes(void)
{
	return RAND_priv_bytes(drawn, sizeof(drawn)) == 1 ? DONE : REFUSED;
}

static int rand_pseudo_bytes(void)
{
	/* 0 would mean that there are bytes which are not strong. */
	return RAND_pseudo_bytes(drawn, sizeof(drawn)) >= 0 ? DONE : REFUSED;
}

static int rand_bytes_ex(void)
{
	return RAND_bytes_ex(fake_zeros, drawn, sizeof(drawn), 0) == 1 ? DONE : REFUSED;
}

static int rand_priv_bytes_ex(void)
{
	return RAND_priv_bytes_ex(fake_zeros, drawn, sizeof(drawn), 0) == 1 ? DONE : REFUSED;
}

static int rnd(void)
{
	return gnutls_rnd(1, drawn, sizeof(drawn)) ? REFUSED : DONE;
}

static int randomize(void)
{
	gcry_randomize(drawn, sizeof(drawn), GCRY_STRONG_RANDOM);
	return DONE;
}

int call_nonce(void)
{
	gcry_create_nonce(drawn, sizeof(drawn));
	return DONE;
}

static int mpi(void)
{
	gcry_mpi_randomize(drawn, 8 * sizeof(drawn), GCRY_STRONG_RANDOM);
	return DONE;
}

static int random_bytes(void)
{
	return gcry_random_bytes(8, GCRY_STRONG_RANDOM) ? DONE : WRONG;
}

static int random_bytes_secure(void)
{
	return gcry_random_bytes_secure(8, GCRY_STRONG_RANDOM) ? DONE : WRONG;
}

static int refused_or_done(unsigned int error, const void *to)
{
	if (error)
		return to ? WRONG : REFUSED;
	return to ? DONE : WRONG;
}

static int genkey(void)
{
	void *to = drawn;
	unsigned int error = gcry_pk_genkey(&to, NULL);

	return refused_or_done(error, to);
}

int call_pk_sign(void)
{
	void *to = drawn;
	unsigned int error = gcry_pk_sign(&to, NULL, NULL);

	return refused_or_done(error, to);
}

static int encrypt(void)
{
	void *to = drawn;
	unsigned int error = gcry_pk_encrypt(&to, NULL, NULL);

	return refused_or_done(error, to);
}

static int one(void)
{
	uint32_t number = arc4random();

	memcpy(drawn, &number, sizeof(number));
	return DONE;
}

int call_arc4random_buf(void)
{
	arc4random_buf(drawn, sizeof(drawn));
	return DONE;
}

static int uniform(void)
{
	uint32_t number = arc4random_uniform(0x80000000u);

	memcpy(drawn, &number, sizeof(number));
	return DONE;
}

static int uuid_time(void)
{
	uuid_generate_time(drawn);
	return DONE;
}

static int uuid_time_v6(void)
{
	uuid_generate_time_v6(drawn);
	return DONE;
}

static int uuid_time_safe(void)
{
	uuid_generate_time_safe(drawn);
	return DONE;
}

const struct function functions[] = {
	{ "RAND_bytes", call_rand_bytes, DONE, REFUSED, " RAND_add " },
	{ "RAND_priv_bytes", rand_priv_bytes, DONE, REFUSED, " RAND_status " },
	{ "RAND_pseudo_bytes", rand_pseudo_bytes, DONE, REFUSED, " RAND_add " },
	{ "RAND_bytes_ex", rand_bytes_ex, DONE, REFUSED, " EVP_RAND_reseed " },
	{ "RAND_priv_bytes_ex", rand_priv_bytes_ex, DONE, REFUSED, " RAND_get0_primary " },
	{ "gnutls_rnd", rnd, DONE, REFUSED, " gnutls_rnd_refresh " },
	{ "gcry_randomize", randomize, DONE, ABORTS, " gcry_random_add_bytes " },
	{ "gcry_create_nonce", call_nonce, DONE, ABORTS, " gcry_control " },
	{ "gcry_mpi_randomize", mpi, ABORTS, ABORTS, " gcry_random_add_bytes " },
	{ "gcry_random_bytes", random_bytes, ABORTS, ABORTS, " gcry_random_add_bytes " },
	{ "gcry_random_bytes_secure", random_bytes_secure, ABORTS, ABORTS, " gcry_control " },
	{ "gcry_pk_genkey", genkey, REFUSED, REFUSED, " gcry_random_add_bytes " },
	{ "gcry_pk_sign", call_pk_sign, REFUSED, REFUSED, " gcry_random_add_bytes " },
	{ "gcry_pk_encrypt", encrypt, REFUSED, REFUSED, " gcry_control " },
	{ "arc4random", one, DONE, ABORTS, " arc4random_addrandom arc4random_stir " },
	{ "arc4random_buf", call_arc4random_buf, DONE, ABORTS,
	  " arc4random_addrandom arc4random_stir " },
	{ "arc4random_uniform", uniform, DONE, ABORTS, " arc4random_addrandom arc4random_stir " },
	{ "uuid_generate_time", uuid_time, DONE, DONE, NULL },
	{ "uuid_generate_time_v6", uuid_time_v6, DONE, DONE, NULL },
	{ "uuid_generate_time_safe", uuid_time_safe, DONE, DONE, NULL },
};
const size_t n_functions = sizeof(functions) / sizeof(functions[0]);
