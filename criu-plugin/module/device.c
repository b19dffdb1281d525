// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cleanup.h>

#include "device.h"
#include "read.h"

#define MISC_MAJOR 10
/* The minors for local use; the counter's minor is one of them (linux/sysgenid.h). */
#define FIRST_LOCAL_MINOR 240
#define LAST_LOCAL_MINOR 254

void sysgenid_device_set(struct sysgenid_device *device, unsigned int minor,
			 unsigned int view_minor)
{
	device->state = SYSGENID_DEVICE_KNOWN;
	device->number = makedev(MISC_MAJOR, minor);
	device->view = view_minor ? makedev(MISC_MAJOR, view_minor) : 0;
}

/*
 * Looks for lines such as "243 sysgenid". Returns false if the file cannot be read to its end. The
 * device is known if the list has it, and absent otherwise.
 */
static bool find_in_list(const char *path, struct sysgenid_device *device)
{
	cleanup_file FILE *file = fopen(path, "re");
	uint64_t minor, counter = 0, view = 0;
	char line[128];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		const char *at = line + strspn(line, " ");

		if (!sysgenid_parse_number(&at, 10, &minor))
			continue;
		if (!strcmp(at, " sysgenid\n"))
			counter = minor;
		else if (!strcmp(at, " sysgenid-vmclock\n"))
			view = minor;
	}
	if (ferror(file))
		return false;
	sysgenid_device_set(device, (unsigned int)counter, (unsigned int)view);
	if (!counter)
		device->state = SYSGENID_DEVICE_ABSENT;
	return true;
}

/* Parses "10:243", the number of a misc device. Returns the minor, or 0 for any other text. */
static unsigned int parse_number(const char *text)
{
	uint64_t major, minor;

	if (!sysgenid_parse_number(&text, 10, &major) || *text++ != ':' ||
	    !sysgenid_parse_number(&text, 10, &minor) || major != MISC_MAJOR)
		return 0;
	return (unsigned int)minor;
}

static unsigned int read_minor(const char *path)
{
	cleanup_file FILE *file = fopen(path, "re");
	char line[32];

	return file && fgets(line, sizeof(line), file) ? parse_number(line) : 0;
}

void sysgenid_device_find(struct sysgenid_device *device)
{
	unsigned int minor = read_minor("/sys/class/misc/sysgenid/dev");

	if (minor)
		sysgenid_device_set(device, minor,
				    read_minor("/sys/class/misc/sysgenid-vmclock/dev"));
	/*
	 * Only /proc/misc can show that the module is not loaded: a missing file in sysfs may mean
	 * that sysfs is not mounted.
	 */
	else if (!find_in_list("/proc/misc", device))
		device->state = SYSGENID_DEVICE_UNKNOWN;
}

bool sysgenid_device_is(const struct sysgenid_device *device, const struct stat *stat)
{
	return (device->state == SYSGENID_DEVICE_KNOWN && S_ISCHR(stat->st_mode) &&
		stat->st_rdev == device->number) ||
	       sysgenid_device_is_view(device, stat);
}

bool sysgenid_device_is_view(const struct sysgenid_device *device, const struct stat *stat)
{
	return device->state == SYSGENID_DEVICE_KNOWN && S_ISCHR(stat->st_mode) && device->view &&
	       stat->st_rdev == device->view;
}

void sysgenid_device_find_clocks(struct sysgenid_device *device)
{
	glob_t found;

	device->n_clocks = 0;
	if (glob("/sys/class/misc/vmclock*/dev", GLOB_NOSORT, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc && device->n_clocks < SYSGENID_MAX_CLOCKS; i++) {
		unsigned int minor = read_minor(found.gl_pathv[i]);

		if (minor)
			device->clocks[device->n_clocks++] = makedev(MISC_MAJOR, minor);
	}
	globfree(&found);
}

static bool is_clock(const struct sysgenid_device *device, const struct stat *stat)
{
	for (unsigned int i = 0; i < device->n_clocks; i++)
		if (S_ISCHR(stat->st_mode) && stat->st_rdev == device->clocks[i])
			return true;
	return false;
}

enum sysgenid_node sysgenid_device_node(const struct sysgenid_device *device,
					const struct stat *stat)
{
	if (sysgenid_device_is_view(device, stat))
		return SYSGENID_NODE_VIEW;
	if (sysgenid_device_is(device, stat))
		return SYSGENID_NODE_COUNTER;
	return is_clock(device, stat) ? SYSGENID_NODE_HYPERVISORS : SYSGENID_NODE_NONE;
}

bool sysgenid_device_may_be(const struct sysgenid_device *device, const struct stat *stat)
{
	if (device->state != SYSGENID_DEVICE_UNKNOWN)
		return sysgenid_device_is(device, stat);
	return S_ISCHR(stat->st_mode) && major(stat->st_rdev) == MISC_MAJOR &&
	       minor(stat->st_rdev) >= FIRST_LOCAL_MINOR &&
	       minor(stat->st_rdev) <= LAST_LOCAL_MINOR;
}
