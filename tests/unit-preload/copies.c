// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads plugins that each have a copy of a library for themselves, and draws from each of them,
 * before the counter file moves and twice after that. Says how often each copy was renewed in the
 * last two draws.
 *
 *	copies COUNTER PLUGIN...
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define MOST 32

static struct plugin {
	int (*draw)(void), (*renewals)(void);
} plugins[MOST];

static int load(struct plugin *plugin, const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 0;
	}
	plugin->draw = (int (*)(void))dlsym(library, "draw");
	plugin->renewals = (int (*)(void))dlsym(library, "renewals");
	return plugin->draw && plugin->renewals && plugin->draw();
}

static int move(const char *path)
{
	const uint32_t generation = 8;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ok = fd >= 0 && pwrite(fd, &generation, sizeof(generation), 0) == sizeof(generation);

	if (fd >= 0)
		close(fd);
	return ok;
}

int main(int argc, char **argv)
{
	int n = argc - 2, before;

	if (n < 1 || n > MOST)
		return 2;
	for (int i = 0; i < n; i++)
		if (!load(&plugins[i], argv[2 + i]))
			return 3;
	if (!move(argv[1]))
		return 4;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < n; i++) {
			before = plugins[i].renewals();
			if (!plugins[i].draw())
				return 5;
			printf("%d ", plugins[i].renewals() - before);
		}
		printf("\n");
	}
	return 0;
}
