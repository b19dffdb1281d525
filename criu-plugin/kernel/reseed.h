/* SPDX-License-Identifier: GPL-2.0-only */
/* Reseeding the kernel's random number generator where the module cannot do it. */
#ifndef SYSGENID_RESEED_H
#define SYSGENID_RESEED_H

/*
 * The kernel's generator reseeds itself, and the vDSO drops every getrandom state that was made on
 * this machine before. Returns 0 or -errno. Needs CAP_SYS_ADMIN.
 */
int sysgenid_rng_reseed(void);

#endif
