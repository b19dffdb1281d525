/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made-up libraries behind the preload library. dlsym() is the test's own, and finds what the test
 * wants it to find.
 */
#ifndef TEST_FAKES_H
#define TEST_FAKES_H

/* They draw zeros only, which cannot be taken for the kernel's bytes. */
extern unsigned char fake_zeros[64];

extern int fake_renewals;		  /* how often any of them was renewed */
extern int fake_result;			  /* what functions that can fail say; 0: they work */
extern unsigned int fake_control_result;  /* what gcry_control() says */
extern const char *fake_hidden;		  /* functions that are not there, in spaces; or "all" */
extern void (*fake_while_renewing)(void); /* is called in the middle of a renewal */
extern void (*fake_while_looking)(void);  /* called by dlsym() */

#endif /* TEST_FAKES_H */
