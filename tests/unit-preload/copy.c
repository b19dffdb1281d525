// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin that brings a made-up OpenSSL along, as packages of a language do. Its generator draws
 * zeros.
 */
#include <string.h>

#include "libraries.h"

extern int draw(void), renewals(void);
int RAND_status(void);

static int renewed;

int RAND_bytes(unsigned char *to, int size)
{
	memset(to, 0, (size_t)size);
	return 1;
}

/* Returns whether what a caller of the function gets is not this generator's. */
static int draws_from_elsewhere(void)
{
	static const unsigned char zeros[8];
	unsigned char to[sizeof(zeros)];

	return RAND_bytes(to, sizeof(to)) == 1 && memcmp(to, zeros, sizeof(to)) != 0;
}

/* Draws as an allocator may, which must not come from the generator that is renewed. */
void RAND_add(const void *from, int size, double entropy)
{
	(void)from, (void)size, (void)entropy;
	renewed += draws_from_elsewhere() ? 1 : 100;
}

int RAND_status(void)
{
	return 1;
}

int draw(void)
{
	return !draws_from_elsewhere();
}

int renewals(void)
{
	return renewed;
}
