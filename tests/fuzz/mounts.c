// SPDX-License-Identifier: GPL-2.0-only
/* /proc/PID/mountinfo, in which mount points are a container's own words. */
#include "mounts.h"

#include <errno.h>

#include "fuzz.h"

static const struct sysgenid_registry_place places[] = {
	{ .device = 0x15, .path = "/sysgenid/containers" },
	{ .device = 0x15, .path = "" },
};

static int see(const struct sysgenid_mount *mount, void *argument)
{
	char name[64];
	const char *found;

	(void)argument;
	must(mount->root && mount->point && mount->type);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		found = sysgenid_mounted_counter(mount, &places[i], name, sizeof(name));
		if (!found)
			continue;
		must(mount->device == places[i].device);
		/* The name becomes a path below the registry. */
		must(*found && !strchr(found, '/') && strcmp(found, ".") && strcmp(found, ".."));
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_file(data, size), result = sysgenid_for_each_mount(fd, see, NULL);

	must(!result || result == -EBADMSG);
	close(fd);
	return 0;
}
