// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that is linked with libcrypto alone, and does what programs do with the dynamic linker
 * meanwhile. Ends with status 0 if that goes as it does without us.
 *
 *	alone dlerror | unload
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

int RAND_bytes(unsigned char *to, int size);

/*
 * The program's own error is still there after the first call of a function of ours, and errno is
 * what it was.
 */
static int keep_errors(void)
{
	unsigned char to[8];

	RAND_bytes(to, 0); /* OpenSSL's own initialisation uses both */
	if (dlopen("/nonexistent.so", RTLD_NOW))
		return 2;
	errno = ENOTBLK;
	((void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "arc4random_buf"))(to, sizeof(to));
	return errno == ENOTBLK ? 0 : 1;
}

static int keep_dlerror(void)
{
	unsigned char to[8];
	char *text;

	if (dlopen("/nonexistent.so", RTLD_NOW))
		return 2;
	if (RAND_bytes(to, sizeof(to)) != 1)
		return 3;
	text = dlerror();
	return text && strstr(text, "nonexistent") ? keep_errors() : 1;
}

/* What was found in a library that a plugin brought is not called after the plugin is gone. */
static int unload(void)
{
	void (*generate)(unsigned char *) =
		(void (*)(unsigned char *))dlsym(RTLD_DEFAULT, "uuid_generate_time");
	unsigned char to[16];

	for (int i = 0; i < 2; i++) {
		void *library = dlopen("libuuid.so.1", RTLD_NOW | RTLD_GLOBAL);

		if (!library || !generate)
			return 2;
		generate(to);
		dlclose(library);
		generate(to);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "dlerror"))
		return keep_dlerror();
	if (argc == 2 && !strcmp(argv[1], "unload"))
		return unload();
	return 2;
}
