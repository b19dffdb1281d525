/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which counter files are mounted, as /proc/PID/mountinfo shows it: that is the kernel's word,
 * which no container can forge, and to read it asks no file system, whose server may be a process
 * that is stopped.
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

/* Takes a line apart, which it changes. False: it is none of a mountinfo. */
bool sysgenid_mount_parse(char *line, struct sysgenid_mount *mount);

/*
 * Calls fn for each mount in an open mountinfo. Anything but 0 ends the walk and becomes its
 * result; -errno when it cannot be read to its end.
 */
typedef int (*sysgenid_mount_fn)(const struct sysgenid_mount *mount, void *argument);
int sysgenid_for_each_mount(int mountinfo, sysgenid_mount_fn fn, void *argument);

/* Where the registry lies: its path on its file system, "" if that is not known. */
struct sysgenid_registry_place {
	dev_t device;
	char path[PATH_MAX];
};

/* Of a registry that is open. Returns 0 or -errno. */
int sysgenid_registry_locate(int registry, struct sysgenid_registry_place *place);

/*
 * The name in the registry of the counter that a mount shows, by its file or by the folder that has
 * nothing else in it. NULL: none, or all of them, as each mount of /run does. False alarms are
 * possible where the path is not known.
 */
const char *sysgenid_mounted_counter(const struct sysgenid_mount *mount,
				     const struct sysgenid_registry_place *place, char *name,
				     size_t size);

#endif
