// SPDX-License-Identifier: GPL-2.0-only
/*
 * This process itself enters the namespace, whose root it gets, opens its own mountinfo, and comes
 * back: the kernel ties an open mountinfo to the namespace and root of the process that has opened
 * it. A child would be simpler. But criu's children can be in the PID namespace of a container that
 * is being restored, and processes there could stop the child, and criu with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cleanup.h>

#include "namespace-mounts.h"
#include "status.h"

/* Descriptors, since paths lead elsewhere in there. */
struct home {
	int namespace, root, directory;
};

/* AT_STATX_DONT_SYNC: the file system's server may be a task that is stopped. */
static int get_root(const char *path, struct sysgenid_mounts_view *view)
{
	const unsigned int wanted = STATX_INO | STATX_MNT_ID;
	struct statx root;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, wanted, &root))
		return -errno;
	view->root_device = makedev(root.stx_dev_major, root.stx_dev_minor);
	view->root_inode = root.stx_ino;
	view->root_mount = root.stx_mnt_id;
	view->root_is_known = (root.stx_mask & wanted) == wanted;
	view->root_is_whole = view->root_is_known && root.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return 0;
}

static bool is_same_root(const struct sysgenid_mounts_view *one,
			 const struct sysgenid_mounts_view *other)
{
	return one->root_is_known && other->root_is_known &&
	       one->root_device == other->root_device && one->root_inode == other->root_inode &&
	       one->root_mount == other->root_mount;
}

int sysgenid_mounts_view_find(pid_t pid, struct sysgenid_mounts_view *view)
{
	struct stat namespace, ours;
	char path[64];

	*view = (struct sysgenid_mounts_view){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (stat(path, &namespace))
		return sysgenid_is_gone(-errno) ? -ESRCH : -errno;
	if (stat("/proc/self/ns/mnt", &ours))
		return sysgenid_is_gone(-errno) ? -EIO : -errno;
	view->device = namespace.st_dev;
	view->inode = namespace.st_ino;
	view->is_ours = namespace.st_dev == ours.st_dev && namespace.st_ino == ours.st_ino;
	return 0;
}

/*
 * The link shows the path of the task's root. The path begins at the root of the task's mount
 * namespace, so it is "/" if the task has that root. If the task is in this process's namespace,
 * the path begins at this process's own root, and tells nothing. No file system is asked.
 */
int sysgenid_mounts_view_find_root(pid_t pid, struct sysgenid_mounts_view *view)
{
	char path[64], root[2];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	error = get_root(path, view);
	if (error)
		return sysgenid_is_gone(error) ? -ESRCH : error;
	if (view->is_ours || readlink(path, root, sizeof(root)) != 1 || root[0] != '/')
		view->root_is_whole = false;
	return 0;
}

bool sysgenid_mounts_view_is_same(const struct sysgenid_mounts_view *one,
				  const struct sysgenid_mounts_view *other)
{
	return one->device == other->device && one->inode == other->inode &&
	       is_same_root(one, other);
}

static void close_home(struct home *home)
{
	sysgenid_cleanup_close(&home->namespace);
	sysgenid_cleanup_close(&home->root);
	sysgenid_cleanup_close(&home->directory);
}

static int open_home(struct home *home)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

	*home = (struct home){ .namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
			       .root = open("/", flags),
			       .directory = open(".", flags) };
	return home->namespace < 0 || home->root < 0 || home->directory < 0 ? -errno : 0;
}

/*
 * Returns to the namespace, root and directory from which this process came. It must not go on
 * elsewhere, where a container chooses what a path leads to. It was here before with the same
 * rights, so only memory can be missing; and the directory, if its server has gone. Returns 0 or
 * -errno.
 */
static int come_home(const struct home *home)
{
	while (setns(home->namespace, CLONE_NEWNS))
		if (errno != ENOMEM)
			abort();
	if (fchdir(home->root) || chroot("."))
		abort();
	return fchdir(home->directory) ? -errno : 0;
}

/*
 * Sets *mounts to a descriptor, or leaves it alone if there is nothing to look at. The namespace
 * that is entered first is this process's own: who has the right to enter that one can come back.
 * criu up to 4.1 can share its root directory with a task, which must not come along.
 */
static int visit(int namespace, const struct sysgenid_mounts_view *view, const struct home *home,
		 int *mounts)
{
	struct sysgenid_mounts_view whole;
	int error = 0, home_error;

	if (unshare(CLONE_FS) || setns(home->namespace, CLONE_NEWNS))
		return -errno;
	if (setns(namespace, CLONE_NEWNS))
		error = -errno;
	if (!error)
		error = get_root("/", &whole);
	if (!error && !is_same_root(&whole, view)) {
		*mounts = openat(home->root, "proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
		error = *mounts < 0 ? -errno : 0;
	}
	home_error = come_home(home);
	return error ? error : home_error;
}

int sysgenid_for_each_mount_outside(pid_t pid, const struct sysgenid_mounts_view *view,
				    sysgenid_mount_fn fn, void *argument)
{
	cleanup_close int namespace = -1, mounts = -1;
	sigset_t all, before;
	struct home home;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return sysgenid_is_gone(-errno) ? -ESRCH : -errno;
	error = open_home(&home);
	if (!error) {
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, &before);
		error = visit(namespace, view, &home, &mounts);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	close_home(&home);
	return error || mounts < 0 ? error : sysgenid_for_each_mount(mounts, fn, argument);
}
