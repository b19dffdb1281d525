/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for a criu with an image directory, on a machine without the module. One file of each
 * program includes this header.
 */
#ifndef TEST_CRIU_HOST_H
#define TEST_CRIU_HOST_H

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "image-file.h"
#include "tap.h"

static char directory[] = "/tmp/sysgenid-plugin-XXXXXX";
static int image_directory = -1;

int criu_get_image_dir(void);

int criu_get_image_dir(void)
{
	return image_directory;
}

static inline void remove_image(void)
{
	unlinkat(image_directory, SYSGENID_IMAGE_NAME, 0);
}

/* Returns false, after skipping the test, if the module is loaded. */
static inline bool begin_host(void)
{
	if (!access("/sys/module/sysgenid", F_OK)) {
		puts("1..0 # SKIP the module is loaded here, and this is about machines without "
		     "it");
		return false;
	}
	if (!mkdtemp(directory))
		abort();
	image_directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return true;
}

/* Loads the plugin as criu does. Returns a handle for dlclose(); NULL if that fails. */
static inline void *load_plugin(void)
{
	void *handle = dlopen(PLUGIN, RTLD_LAZY);

	if (!ok(handle != NULL, "the plugin loads"))
		printf("# %s\n", dlerror());
	return handle;
}

/* Returns the test's exit status. */
static inline int end_host(void)
{
	remove_image();
	close(image_directory);
	if (rmdir(directory))
		printf("# %s is left\n", directory);
	return done_testing();
}

#endif /* TEST_CRIU_HOST_H */
