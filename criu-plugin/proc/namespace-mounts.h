/* SPDX-License-Identifier: GPL-2.0-only */
/* The mounts of a mount namespace. /proc/PID/mountinfo has only those below the task's root. */
#ifndef SYSGENID_NAMESPACE_MOUNTS_H
#define SYSGENID_NAMESPACE_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <mounts.h>

/*
 * A task's mount namespace and its root in there. Tasks with the same ones see the same mounts. The
 * inode number of a namespace is that of another one only after all of its tasks have ended.
 */
struct sysgenid_mounts_view {
	dev_t device; /* 0: nothing is known */
	ino_t inode;
	bool is_ours; /* this process is in the namespace, too */
	/* Filled in by sysgenid_mounts_view_find_root(): */
	dev_t root_device;
	uint64_t root_inode, root_mount;
	bool root_is_known; /* kernels before 5.8 do not say which mount it is on */
	/* The root is that of the namespace, unless its mount has been detached. */
	bool root_is_whole;
};

/* Finds the mount namespace of a task. Returns 0 or -errno; -ESRCH: the task is gone. */
int sysgenid_mounts_view_find(pid_t pid, struct sysgenid_mounts_view *view);
int sysgenid_mounts_view_find_root(pid_t pid, struct sysgenid_mounts_view *view);

/* Returns false also if that is unknown. */
bool sysgenid_mounts_view_is_same(const struct sysgenid_mounts_view *one,
				  const struct sysgenid_mounts_view *other);

/*
 * Calls fn for each mount of the namespace if the view's root is another one than the namespace's,
 * or if that is unknown, and for none otherwise. pid: a task of the namespace. Returns 0, what fn
 * returned, or -errno; -EPERM: this process must not enter the namespace.
 */
int sysgenid_for_each_mount_outside(pid_t pid, const struct sysgenid_mounts_view *view,
				    sysgenid_mount_fn fn, void *argument);

#endif
