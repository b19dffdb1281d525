// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "fakes.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned char fake_zeros[64];
int fake_renewals, fake_result;
const char *fake_hidden = "all";
void (*fake_while_renewing)(void), (*fake_while_looking)(void);

static void renewed(void)
{
	if (fake_while_renewing)
		fake_while_renewing();
	fake_renewals++;
}

static int fake_bytes(unsigned char *to, int size)
{
	memset(to, 0, (size_t)size);
	return 1;
}

static int fake_bytes_ex(void *libctx, unsigned char *to, size_t size, unsigned int strength)
{
	(void)libctx, (void)strength;
	memset(to, 0, size);
	return 1;
}

static void fake_add(const void *from, int size, double entropy)
{
	(void)from, (void)size, (void)entropy;
	renewed();
}

static int fake_status(void)
{
	return !fake_result;
}

static void *fake_primary(void *libctx)
{
	return libctx;
}

static int fake_reseed(void *rand, int resist, const unsigned char *entropy, size_t entropy_size,
		       const unsigned char *input, size_t input_size)
{
	(void)rand, (void)resist, (void)entropy, (void)entropy_size, (void)input, (void)input_size;
	renewed();
	return !fake_result;
}

static int fake_rnd(int level, void *to, size_t size)
{
	(void)level;
	memset(to, 0, size);
	return fake_result;
}

static void fake_no_argument(void)
{
	renewed();
}

static void fake_randomize(void *to, size_t size, int level)
{
	(void)level;
	memset(to, 0, size);
}

static void *fake_allocate(size_t size, int level)
{
	(void)level;
	return calloc(1, size);
}

static void fake_buffer(void *to, size_t size)
{
	memset(to, 0, size);
}

static void fake_mpi(void *number, unsigned int bits, int level)
{
	(void)level;
	memset(number, 0, bits / 8);
}

static unsigned int fake_genkey(void **to, void *parameters)
{
	(void)parameters;
	*to = fake_zeros;
	return 0;
}

static unsigned int fake_operate(void **to, void *data, void *key)
{
	(void)data, (void)key;
	*to = fake_zeros;
	return 0;
}

static unsigned int fake_gcry_add(const void *from, size_t size, int quality)
{
	(void)from, (void)size, (void)quality;
	renewed();
	return (unsigned int)fake_result;
}

/*
 * As libgcrypt does, with the number of its part in the upper bits, where the generator is no DRBG.
 */
unsigned int fake_control_result = 0x01000000u | 60;

static unsigned int fake_control(int command, ...)
{
	(void)command;
	return fake_control_result;
}

static uint32_t fake_one(void)
{
	return 0;
}

static uint32_t fake_uniform(uint32_t bound)
{
	(void)bound;
	return 0;
}

static void fake_addrandom(unsigned char *from, int size)
{
	(void)from, (void)size;
}

static void fake_time(unsigned char out[16])
{
	memset(out, 0, 16);
}

static int fake_time_safe(unsigned char out[16])
{
	memset(out, 0, 16);
	return 0;
}

static const struct {
	const char *name;
	void *function;
} fakes[] = {
	{ "RAND_bytes", fake_bytes },
	{ "RAND_priv_bytes", fake_bytes },
	{ "RAND_pseudo_bytes", fake_bytes },
	{ "RAND_bytes_ex", fake_bytes_ex },
	{ "RAND_priv_bytes_ex", fake_bytes_ex },
	{ "RAND_add", fake_add },
	{ "RAND_status", fake_status },
	{ "RAND_get0_primary", fake_primary },
	{ "EVP_RAND_reseed", fake_reseed },
	{ "gnutls_rnd", fake_rnd },
	{ "gnutls_rnd_refresh", fake_no_argument },
	{ "gcry_randomize", fake_randomize },
	{ "gcry_random_bytes", fake_allocate },
	{ "gcry_random_bytes_secure", fake_allocate },
	{ "gcry_create_nonce", fake_buffer },
	{ "gcry_mpi_randomize", fake_mpi },
	{ "gcry_pk_genkey", fake_genkey },
	{ "gcry_pk_sign", fake_operate },
	{ "gcry_pk_encrypt", fake_operate },
	{ "gcry_random_add_bytes", fake_gcry_add },
	{ "gcry_control", fake_control },
	{ "arc4random", fake_one },
	{ "arc4random_buf", fake_buffer },
	{ "arc4random_uniform", fake_uniform },
	{ "arc4random_addrandom", fake_addrandom },
	{ "arc4random_stir", fake_no_argument },
	{ "uuid_generate_time", fake_time },
	{ "uuid_generate_time_v6", fake_time },
	{ "uuid_generate_time_safe", fake_time_safe },
	{ "gnu_get_libc_version", gnu_get_libc_version },
};

static bool is_hidden(const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), " %s ", name);
	return !strcmp(fake_hidden, "all") || strstr(fake_hidden, word);
}

/* Takes the place of libc's function for the preload library. */
void *dlsym(void *restrict library, const char *restrict name)
{
	(void)library;
	errno = ENOENT;
	if (fake_while_looking)
		fake_while_looking();
	for (size_t i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++)
		if (!strcmp(fakes[i].name, name) && !is_hidden(name))
			return fakes[i].function;
	return NULL;
}
