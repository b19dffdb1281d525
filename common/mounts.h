/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which counter files are mounted, according to /proc/PID/mountinfo. No container can forge that
 * file. Reading it asks no file system, whose server may be a stopped process.
 */
#ifndef SYSGENID_MOUNTS_H
#define SYSGENID_MOUNTS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct sysgenid_mount {
	unsigned int id;
	dev_t device;	   /* of its file system */
	const char *root;  /* what is mounted: a path on that file system */
	const char *point; /* where */
	const char *type;  /* of its file system */
};

/* Parses a line, and changes it. Returns false if it is not a line of a mountinfo. */
bool sysgenid_mount_parse(char *line, struct sysgenid_mount *mount);

/*
 * Calls fn for each mount in an open mountinfo. Of a line over 64 kB only the beginning is kept:
 * the type is then "", the point may be cut off or "", and a mount with such a root is left out.
 * If fn returns anything but 0, the walk ends with that result. Returns -errno if mountinfo cannot
 * be read to its end.
 */
typedef int (*sysgenid_mount_fn)(const struct sysgenid_mount *mount, void *argument);
int sysgenid_for_each_mount(int mountinfo, sysgenid_mount_fn fn, void *argument);

/* Where the registry is: its path on its file system, "" if the path is not known. */
struct sysgenid_registry_place {
	dev_t device;
	char path[PATH_MAX];
};

/* Finds out where an open registry is. Returns 0 or -errno. */
int sysgenid_registry_locate(int registry, struct sysgenid_registry_place *place);

/*
 * Returns the name in the registry of the counter file that a mount shows: a mount of the file, of
 * its view, or of the folder that has nothing else in it. Returns NULL if the mount shows none, or
 * all of them, as each mount of /run does. May return a wrong name if the registry's path is not
 * known.
 */
const char *sysgenid_mounted_counter(const struct sysgenid_mount *mount,
				     const struct sysgenid_registry_place *place, char *name,
				     size_t size);

#endif
