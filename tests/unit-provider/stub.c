// SPDX-License-Identifier: GPL-2.0-only
#include "stub.h"

#include <errno.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../unit/tap.h"

static struct sysgenid_page page;
static unsigned char vmclock[4096]; /* the hypervisor's page */
static bool with_vmclock, kernel_follows;
static struct sysgenid handle;

struct sysgenid_page *stub_page = &page;
int stub_error = -ENOENT;

OSSL_provider_init_fn OSSL_provider_init;

/* Takes the place of libsysgenid's functions. */
int sysgenid_open(struct sysgenid **out, const char *path, unsigned int flags)
{
	(void)path;
	must(flags == SYSGENID_OPEN_MAP_ONLY);
	handle = (struct sysgenid){
		.page = stub_page,
		.fd = -1,
		.vmclock = with_vmclock ? vmclock : NULL,
	};
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
	with_vmclock = false;
	memset(vmclock, 0, sizeof(vmclock));
}

void stub_reset_vmclock(void)
{
	stub_reset(true);
	with_vmclock = true;
}

void stub_restore_machine(bool follows)
{
	kernel_follows = follows;
	__atomic_add_fetch((uint64_t *)(vmclock + SYSGENID_VMCLOCK_COUNTER), 1, __ATOMIC_RELEASE);
}

void stub_kernel_follows(void)
{
	stub_bump();
	stub_kernel_ready();
	__atomic_store_n(&page.vmclock_counter,
			 __atomic_load_n((uint64_t *)(vmclock + SYSGENID_VMCLOCK_COUNTER),
					 __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

unsigned int stub_asked;

/* Takes the place of libc's function: by it the kernel is asked. */
int madvise(void *address, size_t size, int advice)
{
	(void)size;
	if (address != vmclock || advice != MADV_DONTNEED)
		return 0;
	stub_asked++;
	if (kernel_follows)
		stub_kernel_follows();
	return 0;
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
