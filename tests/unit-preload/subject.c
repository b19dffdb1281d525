// SPDX-License-Identifier: GPL-2.0-only
/* Calls each library once, and says that it got what it wanted. */
#include <stdio.h>
#include <string.h>

#include "libraries.h"

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	unsigned char to[64] = { 0 }, zero[64] = { 0 };

	if (!*only || !strcmp(only, "openssl"))
		printf("openssl %s\n",
		       RAND_bytes(to, 32) == 1 && memcmp(to, zero, 32) ? "ok" : "failed");
	memset(to, 0, sizeof(to));
	if (!*only || !strcmp(only, "gnutls"))
		printf("gnutls %s\n",
		       !gnutls_rnd(1, to, 32) && memcmp(to, zero, 32) ? "ok" : "failed");
	fflush(stdout);
	memset(to, 0, sizeof(to));
	if (!*only || !strcmp(only, "gcrypt")) {
		gcry_check_version(NULL);
		gcry_randomize(to, 32, GCRY_STRONG_RANDOM);
		printf("gcrypt %s\n", memcmp(to, zero, 32) ? "ok" : "failed");
	}
	memset(to, 0, sizeof(to));
	if (!*only || !strcmp(only, "nonce")) {
		gcry_check_version(NULL);
		gcry_create_nonce(to, 32);
		printf("nonce %s\n", memcmp(to, zero, 32) ? "ok" : "failed");
	}
	memset(to, 0, sizeof(to));
	if (!*only || !strcmp(only, "bsd")) {
		arc4random_buf(to, 32);
		printf("bsd %s\n", memcmp(to, zero, 32) ? "ok" : "failed");
	}
	memset(to, 0, sizeof(to));
	if (!*only || !strcmp(only, "uuid")) {
		uuid_generate_time(to);
		printf("uuid %s\n", memcmp(to, zero, 16) ? "ok" : "failed");
	}
	return 0;
}
