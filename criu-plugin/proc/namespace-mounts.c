// SPDX-License-Identifier: GPL-2.0-only
/*
 * A child enters the namespace, whose root it gets, and opens its own mountinfo: the kernel ties an
 * open mountinfo to the namespace and root of the process that has opened it. The child shares this
 * process's memory and descriptors, and does nothing else, since paths lead elsewhere in there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cleanup.h>

#include "namespace-mounts.h"
#include "status.h"

#define STACK_SIZE (64 * 1024)

struct visit {
	int namespace;
	int proc; /* opened before: what is at /proc in the namespace may be anything */
	struct statx root;
	int mounts; /* a descriptor; -1 if the task has the root of its namespace */
	int error;
};

/* AT_STATX_DONT_SYNC: the file system's server may be a task that is stopped. */
static int get_root(const char *path, struct statx *root)
{
	return statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO | STATX_MNT_ID,
		     root)
		       ? -errno
		       : 0;
}

static int open_mounts(struct visit *visit)
{
	struct statx root;
	int error;

	if (setns(visit->namespace, CLONE_NEWNS))
		return -errno;
	error = get_root("/", &root);
	if (error ||
	    (root.stx_ino == visit->root.stx_ino && root.stx_mnt_id == visit->root.stx_mnt_id))
		return error;
	visit->mounts = openat(visit->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	return visit->mounts < 0 ? -errno : 0;
}

static int run_child(void *argument)
{
	struct visit *visit = argument;

	visit->error = open_mounts(visit);
	return 0;
}

/*
 * The child has no exit signal, so criu's handler of SIGCHLD does not see it, and no signal reaches
 * the child.
 */
static int run(struct visit *visit)
{
	char *stack =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigset_t all, before;
	int status = 0, error = 0;
	pid_t child;

	if (stack == MAP_FAILED)
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child = clone(run_child, stack + STACK_SIZE, CLONE_VM | CLONE_FILES | CLONE_VFORK, visit);
	if (child < 0 || waitpid(child, &status, __WCLONE) < 0)
		error = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	munmap(stack, STACK_SIZE);
	/* The child may have been killed. */
	return error || !status ? error : -EINTR;
}

int sysgenid_for_each_mount_outside(pid_t pid, sysgenid_mount_fn fn, void *argument)
{
	cleanup_close int namespace = -1, proc = -1, mounts = -1;
	struct visit visit = { .mounts = -1 };
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return sysgenid_is_gone(-errno) ? -ESRCH : -errno;
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	error = get_root(path, &visit.root);
	if (error)
		return sysgenid_is_gone(error) ? -ESRCH : error;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return -errno;
	visit.namespace = namespace;
	visit.proc = proc;
	error = run(&visit);
	mounts = visit.mounts;
	if (error || visit.error || mounts < 0)
		return error ? error : visit.error;
	return sysgenid_for_each_mount(mounts, fn, argument);
}
