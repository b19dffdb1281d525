// SPDX-License-Identifier: GPL-2.0-only
/*
 * AWS-LC as npm's aws-crt has it inside: keys from its generator. The library is an addon for Node,
 * whose own functions stay unresolved. usage: draw-awslc LIBRARY GO    (see table)
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define P256 0
#define KEYS 3

struct cursor {
	size_t size;
	uint8_t *bytes;
};

static void *library;

static void *find(const char *name)
{
	void *function = dlsym(library, name);

	if (!function) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return function;
}

/* The addon's constructor calls it. */
void napi_module_register(void *module);

void napi_module_register(void *module)
{
	(void)module;
}

/* Prints nothing without a name. */
static void draw(const char *name)
{
	void *(*allocator)(void) = find("aws_default_allocator");
	void *(*generate)(void *, int) = find("aws_ecc_key_pair_new_generate_random");
	void (*public_key)(void *, struct cursor *, struct cursor *) =
		find("aws_ecc_key_pair_get_public_key");
	struct cursor x, y;

	for (int i = 0; i < KEYS; i++) {
		void *pair = generate(allocator(), P256);

		if (!pair)
			exit(1);
		public_key(pair, &x, &y);
		for (size_t at = 0; name && at < 8; at++)
			printf("%s%02x", at ? "" : i ? "\t" : name, x.bytes[at]);
	}
	printf("%s", name ? "\n" : "");
}

int main(int argc, char **argv)
{
	void (*init)(void *);
	void *(*allocator)(void);

	library = argc == 3 ? dlopen(argv[1], RTLD_LAZY) : NULL;
	if (!library) {
		fprintf(stderr, "usage: draw-awslc LIBRARY GO\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	init = find("aws_cal_library_init");
	allocator = find("aws_default_allocator");
	init(allocator());
	draw(NULL);
	printf("ready\n");
	while (access(argv[2], F_OK))
		usleep(100000);
	draw("AWS-LC of aws-crt\tP-256 keys\t");
	printf("done\n");
	for (;;)
		pause();
}
