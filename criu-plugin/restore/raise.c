// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libsysgenid.h>
#include <linux/sysgenid.h>

#include <cleanup.h>

#include "log.h"
#include "module.h"
#include "pidns.h"
#include "raise.h"
#include "refuse.h"
#include "status.h"

/* Memory that criu shares with all tasks of this restore. Accessed atomically. */
static struct {
	uint32_t moved;	 /* a task has taken on moving a generation that others share */
	uint32_t raised; /* a task has found or made the generation above the mark */
} * shared;

static bool follow_any;

int sysgenid_raise_prepare(bool follow_any_mark)
{
	void *memory = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	follow_any = follow_any_mark;
	shared = memory == MAP_FAILED ? NULL : memory;
	if (shared)
		return 0;
	sysgenid_err("cannot map the memory that this plugin shares with the restored tasks: %s",
		     strerror(errno));
	return -ENOMEM;
}

/*
 * Reads the generation of the caller's PID namespace. fd must be a file that was opened for this,
 * since the file becomes outdated.
 */
static int read_generation(int fd, bool view, uint32_t *generation)
{
	ssize_t size;

	/* The low half of the little-endian counter, which can be read at any time. */
	if (view) {
		size = pread(fd, generation, sizeof(*generation), SYSGENID_VMCLOCK_COUNTER);
		return size == sizeof(*generation) ? 0 : -EIO;
	}
	/* A read of a file that is not outdated would wait. */
	if (ioctl(fd, SYSGENID_MARK_OUTDATED, 0))
		return -errno;
	return read(fd, generation, sizeof(*generation)) == sizeof(*generation) ? 0 : -errno;
}

/* Uses netlink: the ioctl does not limit how far the system's counter moves. */
static int move_system(uint32_t min, struct sysgenid_reason *why)
{
	unsigned int flags = SYSGENID_TRIGGER_RESTORE | (follow_any ? SYSGENID_TRIGGER_FORCE : 0);
	struct sysgenid_device device;
	uint32_t generation;

	return sysgenid_module_trigger(-1, min, flags, &device, &generation, why);
}

/*
 * Begins a new generation in this task's PID namespace. The kernel says which namespace that is,
 * since the image may be forged, and the system's counter must not follow an absurd mark.
 */
static int move(int fd, uint32_t min)
{
	struct sysgenid_reason why = { "" };
	uint32_t domain;
	int error = sysgenid_module_domain(&domain, &why);

	if (!error && domain && domain != SYSGENID_PIDNS_SYSTEM) {
		if (ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, (unsigned long)min)) {
			error = -errno;
			strcpy(why.text, "the module has refused it");
		}
	} else if (!error) {
		error = move_system(min, &why);
	}
	sysgenid_module_close();
	if (error)
		sysgenid_err("cannot begin a new generation in the PID namespace of the restored "
			     "tasks: %s",
			     why.text);
	return error;
}

static int raise_above(int fd, bool view, uint32_t mark, bool always)
{
	uint32_t generation;
	int error = read_generation(fd, view, &generation);

	if (error || (generation > mark && !always))
		return error;
	error = move(fd, mark + 1);
	if (!error)
		error = read_generation(fd, view, &generation);
	if (error)
		return error;
	sysgenid_info("generation %u in the PID namespace of the restored tasks", generation);
	return generation > mark ? 0 : -ERANGE;
}

/*
 * Keeps the PID namespace's counter alive by a mapping until criu has mapped what the task had: a
 * counter lasts only as long as a file or mapping of it. criu drops this mapping later.
 */
static int keep(int fd)
{
	void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? -errno : 0;
}

/*
 * Must this task move the generation even if it is above the mark? In a PID namespace that only the
 * restored tasks have, no process has seen a number above the mark. In a shared PID namespace other
 * processes may have, such as an earlier restore of the same image: there one of the tasks moves
 * the generation before any of them runs.
 */
static bool has_to_move(const SysgenidImage *image)
{
	return image->other_pid_namespace && !image->own_pid_namespace &&
	       !__atomic_exchange_n(&shared->moved, 1, __ATOMIC_SEQ_CST);
}

int sysgenid_raise(int fd, bool view, const SysgenidImage *image)
{
	static bool raised; /* by this task, which has one PID namespace */
	int error;

	if (raised)
		return 0;
	error = keep(fd);
	if (!error)
		error = raise_above(fd, view, image->mark, has_to_move(image));
	if (error) {
		sysgenid_err("cannot move the generation in the PID namespace of the restored "
			     "tasks above the image's %u: %s",
			     image->mark, strerror(-error));
		return error;
	}
	raised = true;
	__atomic_store_n(&shared->raised, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Returns 1 if the task is in criu's own PID namespace, 0 if not or if it is gone, or -errno. */
static int is_in_ours(pid_t pid)
{
	struct stat ours, theirs;
	int error = sysgenid_pidns_stat(pid, &theirs);

	if (sysgenid_is_gone(error))
		return 0;
	if (!error)
		error = sysgenid_pidns_stat_criu(&ours);
	if (error)
		return error;
	return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/*
 * Other processes may be in the namespace that the tasks were restored into, in a pod's, say. criu
 * has the root of its tree first: in a namespace that criu has made that is its first process, as
 * it was when the image was made. Returns 1 if it is not, 0 if it is or if the task is gone, or
 * -errno.
 */
static int is_with_others(pid_t pid)
{
	static bool seen;
	int inner;

	if (seen)
		return 0;
	inner = sysgenid_inner_pid(pid);
	if (inner < 0)
		return sysgenid_is_gone(inner) ? 0 : inner;
	seen = true;
	return inner != 1;
}

static int check_namespace(pid_t pid)
{
	int result = is_in_ours(pid);

	if (!result)
		result = is_with_others(pid);
	if (!result)
		return 0;
	if (result < 0) {
		sysgenid_refuse(pid, "cannot find out which PID namespace task %d has: %s", pid,
				strerror(-result));
		return result;
	}
	sysgenid_refuse(pid,
			SYSGENID_IMAGE_NAME " says that the tasks have a PID namespace, and so a "
					    "counter, of their own, and task %d has none: the "
					    "image may be forged. The restored tasks are killed",
			pid);
	return -EBADMSG;
}

int sysgenid_raise_check(pid_t pid, const SysgenidImage *image)
{
	int error = image->own_pid_namespace ? check_namespace(pid) : 0;

	if (error)
		return error;
	if (!(image->n_files || image->n_mappings) ||
	    __atomic_load_n(&shared->raised, __ATOMIC_SEQ_CST))
		return 0;
	sysgenid_refuse(pid, SYSGENID_IMAGE_NAME
			" says that a task has the counter, and no restored task has asked for it: "
			"criu may know it by another path. The restored tasks are killed, since "
			"one would run on an old generation");
	return -ENODATA;
}
