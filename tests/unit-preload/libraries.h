/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests call, as the libraries declare it; their headers need not be there. */
#ifndef LIBRARIES_H
#define LIBRARIES_H

#include <stddef.h>
#include <stdint.h>

int RAND_bytes(unsigned char *to, int size);
int RAND_priv_bytes(unsigned char *to, int size);
int RAND_pseudo_bytes(unsigned char *to, int size);
int RAND_bytes_ex(void *libctx, unsigned char *to, size_t size, unsigned int strength);
int RAND_priv_bytes_ex(void *libctx, unsigned char *to, size_t size, unsigned int strength);
void RAND_add(const void *from, int size, double entropy);
void *RAND_get0_primary(void *libctx);
int EVP_RAND_reseed(void *rand, int prediction_resistance, const unsigned char *entropy,
		    size_t entropy_size, const unsigned char *input, size_t input_size);
void *OSSL_LIB_CTX_new(void);

int gnutls_rnd(int level, void *to, size_t size);
void gnutls_rnd_refresh(void);

void gcry_randomize(void *to, size_t size, int level);
void gcry_create_nonce(void *to, size_t size);
void *gcry_random_bytes(size_t size, int level);
void *gcry_random_bytes_secure(size_t size, int level);
void gcry_mpi_randomize(void *number, unsigned int bits, int level);
unsigned int gcry_pk_genkey(void **result, void *parameters);
unsigned int gcry_pk_sign(void **result, void *data, void *key);
unsigned int gcry_pk_encrypt(void **result, void *data, void *key);
void gcry_free(void *memory);
unsigned int gcry_random_add_bytes(const void *from, size_t size, int quality);
unsigned int gcry_control(int command, ...);
const char *gcry_check_version(const char *wanted);
#define GCRY_STRONG_RANDOM 1
#define GCRYCTL_INITIALIZATION_FINISHED 38

uint32_t arc4random(void);
void arc4random_buf(void *to, size_t size);
uint32_t arc4random_uniform(uint32_t bound);
void arc4random_stir(void);
void arc4random_addrandom(unsigned char *from, int size);

void uuid_generate(unsigned char out[16]);
void uuid_generate_random(unsigned char out[16]);
void uuid_generate_time(unsigned char out[16]);
void uuid_generate_time_v6(unsigned char out[16]);
int uuid_generate_time_safe(unsigned char out[16]);

#endif /* LIBRARIES_H */
