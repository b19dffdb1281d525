/* SPDX-License-Identifier: GPL-2.0-only */
/* The provider inside of a test program, with a counter that the test moves as it likes. */
#ifndef PROVIDER_STUB_H
#define PROVIDER_STUB_H

#include <libsysgenid.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdbool.h>

/* What sysgenid_open() gives: NULL: nothing, it fails with stub_error. */
extern struct sysgenid_page *stub_page;
extern int stub_error;

/* The page as it is after the module was loaded, with the kernel's generator followed or not. */
void stub_reset(bool kernel_tells);
void stub_bump(void);
void stub_kernel_ready(void);

/* The same with the page of a hypervisor that has a VMClock. */
void stub_reset_vmclock(void);
/*
 * The hypervisor has moved its counter, and the kernel has not seen it. Does the kernel @follow,
 * with its generator, as soon as it is asked?
 */
void stub_restore_machine(bool follows);
void stub_kernel_follows(void);
extern unsigned int stub_asked; /* how often the kernel was */

/*
 * An OpenSSL of its own that has read the configuration file as we ship it, and then @lines in the
 * provider's section and @random in that of the generator.
 */
OSSL_LIB_CTX *stub_load(const char *lines, const char *random);

/* Returns how often a generator was reseeded. */
unsigned int stub_reseeds(EVP_RAND_CTX *rand);

/* Draws random bytes of a generator. Returns them as a number; 0: the draw failed. */
unsigned long stub_draw(EVP_RAND_CTX *rand);

/* The texts of the last error, and the queue is empty after it. */
const char *stub_last_error(void);

double stub_seconds(void);

#endif /* PROVIDER_STUB_H */
