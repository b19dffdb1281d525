// SPDX-License-Identifier: GPL-2.0-only
#include "stub.h"

#include <errno.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../unit/tap.h"

static struct sysgenid_page page;
static struct sysgenid handle;

struct sysgenid_page *stub_page = &page;
int stub_error = -ENOENT;

OSSL_provider_init_fn OSSL_provider_init;

/* Takes the place of libsysgenid's functions. */
int sysgenid_open(struct sysgenid **out, const char *path, unsigned int flags)
{
	(void)path;
	must(flags == SYSGENID_OPEN_MAP_ONLY);
	handle = (struct sysgenid){ .page = stub_page, .fd = -1 };
	*out = stub_page ? &handle : NULL;
	return stub_page ? 0 : stub_error;
}

void sysgenid_close(struct sysgenid *closed)
{
	must(!closed || closed == &handle);
}

void stub_reset(bool kernel_tells)
{
	page = (struct sysgenid_page){ .magic = SYSGENID_PAGE_MAGIC,
				       .version = SYSGENID_PAGE_VERSION,
				       .flags = kernel_tells ? SYSGENID_PAGE_F_RNG : 0 };
	stub_page = &page;
}

void stub_bump(void)
{
	__atomic_add_fetch(&page.generation, 1, __ATOMIC_RELEASE);
}

void stub_kernel_ready(void)
{
	__atomic_store_n(&page.rng_generation, __atomic_load_n(&page.generation, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

OSSL_LIB_CTX *stub_load(const char *lines, const char *random)
{
	char path[] = "/tmp/provider-test-XXXXXX";
	OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
	int fd = mkstemp(path);
	FILE *file;

	must(libctx && fd >= 0);
	file = fdopen(fd, "w");
	must(file);
	fprintf(file,
		"config_diagnostics = 1\nopenssl_conf = openssl_init\n.include %s\n"
		"[sysgenid_sect]\n%s\n[sysgenid_random_sect]\n%s\n",
		PROVIDER_CNF, lines, random);
	must(fclose(file) == 0);
	must(OSSL_PROVIDER_add_builtin(libctx, "sysgenid", OSSL_provider_init));
	must(OSSL_LIB_CTX_load_config(libctx, path));
	unlink(path);
	return libctx;
}

unsigned int stub_reseeds(EVP_RAND_CTX *rand)
{
	unsigned int count = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_DRBG_PARAM_RESEED_COUNTER, &count),
		OSSL_PARAM_construct_end(),
	};

	must(EVP_RAND_CTX_get_params(rand, params) && count);
	return count;
}

unsigned long stub_draw(EVP_RAND_CTX *rand)
{
	unsigned long number = 0;

	if (!EVP_RAND_generate(rand, (unsigned char *)&number, sizeof(number), 0, 0, NULL, 0))
		return 0;
	return number;
}

const char *stub_last_error(void)
{
	static char all[2000];
	const char *data;
	size_t used = 0;
	int flags;

	all[0] = 0;
	while (ERR_get_error_all(NULL, NULL, NULL, &data, &flags))
		if (flags & ERR_TXT_STRING && used < sizeof(all))
			used += snprintf(all + used, sizeof(all) - used, "%s\n", data);
	return all;
}

double stub_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}
