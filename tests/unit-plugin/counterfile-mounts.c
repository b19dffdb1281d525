// SPDX-License-Identifier: GPL-2.0-only
/* Mounts outside of a task's root are looked at once for a namespace, and without a child. */
#include <errno.h>
#include <limits.h>

#include "counterfile-find.h"
#include "counterfile-tasks.h"
#include "tap.h"

/* Enters the task's mount namespace for that. */
static void unmount_in(pid_t task, const char *point)
{
	pid_t pid = fork();
	char path[64];
	int status;

	must(pid >= 0);
	if (!pid) {
		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", task);
		must(!setns(have_open(path), CLONE_NEWNS) && !umount2(point, MNT_DETACH));
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && !status);
}

static void finds_known(pid_t pid, bool one, const char *name)
{
	struct sysgenid_counterfiles found;

	ok(!sysgenid_counterfiles_find(pid, &found) && found.n == one && has(&found, ONE) == one,
	   "%s", name);
	sysgenid_counterfiles_free(&found);
}

/* All tasks of a dump are stopped, so the mounts of a namespace are looked at once. */
static void test_memory(void)
{
	pid_t pid = start(mounted_outside), other = start(nothing_else);

	finds_known(pid, true, "a mount outside of the root, looked at for the first time");
	unmount_in(pid, POINT);
	finds_known(pid, true, "the mounts of a namespace are looked at once");
	finds_known(other, false, "those of another namespace are not taken for the same");
	sysgenid_counterfiles_forget();
	finds_known(pid, false, "and the next dump looks again");
	end(pid);
	end(other);
}

/* Its children would be in a PID namespace that has ended, so it can have none. */
static void find_without_children(pid_t pid)
{
	char before[PATH_MAX], after[PATH_MAX];
	pid_t first;

	must(!unshare(CLONE_NEWPID));
	first = fork();
	if (!first)
		_exit(0);
	must(first > 0 && waitpid(first, NULL, 0) == first);
	must(!chdir(SYSGENID_REGISTRY) && getcwd(before, sizeof(before)));
	ok(fork() < 0 && errno == ENOMEM, "control: this process can have no children");
	sysgenid_counterfiles_forget();
	finds_known(pid, true,
		    "mounts outside of the root are found without a child that others could stop");
	ok(getcwd(after, sizeof(after)) && !strcmp(before, after) && !access(POINT, R_OK),
	   "and criu is where it was before");
}

/* criu's children can be in the PID namespace of the container that is restored. */
static void test_children(void)
{
	pid_t task = start(mounted_outside), pid = fork();
	int status;

	must(pid >= 0);
	if (!pid) {
		tap_failed = 0;
		find_without_children(task);
		_exit(tap_failed);
	}
	must(waitpid(pid, &status, 0) == pid);
	tap_count += 3;
	ok(!status, "all of that");
	end(task);
}

static int __attribute__((noreturn)) wait_for_end(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

/* criu can share its root directory with a task, and then the kernel lets it enter no namespace. */
static void test_shared_root(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t task = start(mounted_outside);
	pid_t other = clone(wait_for_end, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL);

	must(other > 0);
	sysgenid_counterfiles_forget();
	finds_known(task, true,
		    "also by a process that shares its root directory with another one");
	end(other);
	end(task);
}

/*
 * The root is that of a mount that is in no namespace any more. Its path is "/", as that of a
 * namespace's root is.
 */
static void mounted_outside_of_detached(void)
{
	have_mounted(ONE, POINT);
	must(open("/run", O_PATH | O_DIRECTORY) >= 0);
	must(!mount("detached", "/run/empty", "tmpfs", 0, NULL) && !chdir("/run/empty"));
	must(!umount2("/run/empty", MNT_DETACH) && !chroot("."));
}

static void test_detached_root(void)
{
	pid_t task = start(mounted_outside_of_detached);
	char path[64], root[2] = "";

	snprintf(path, sizeof(path), "/proc/%d/root", task);
	ok(readlink(path, root, sizeof(root)) == 1 && root[0] == '/',
	   "control: a root that was detached looks like that of the namespace");
	sysgenid_counterfiles_forget();
	finds_known(task, true, "mounts outside of a root that was detached are found");
	end(task);
}

static void mounted_file(void)
{
	have_mounted(ONE, POINT);
}

/* Mounts the folder of a container that has the name of the file in it. */
static void mounted_folder_called(const char *name)
{
	char folder[100], file[120];

	snprintf(folder, sizeof(folder), SYSGENID_REGISTRY "/%s", name);
	snprintf(file, sizeof(file), "%s/" SYSGENID_REGISTRY_FILE, folder);
	must(!mkdir(folder, 0755));
	make(file);
	have_mounted(folder, "/run/empty");
}

static void mounted_folder_counter(void)
{
	mounted_folder_called(SYSGENID_REGISTRY_FILE);
}

static void mounted_folder_vmclock(void)
{
	mounted_folder_called(SYSGENID_REGISTRY_VIEW);
}

/* Mounts somebody's own folder, whose path ends as that of a counter file's folder. */
static void mounted_by_chance(void)
{
	must(!mkdir("/run/empty/sysgenid", 0755) &&
	     !mkdir("/run/empty/sysgenid/containers", 0755) &&
	     !mkdir("/run/empty/sysgenid/containers/app", 0755));
	have_mounted("/run/empty/sysgenid/containers/app", "/run/empty");
}

static void mounted_at_device(void)
{
	have_mounted(ONE, SYSGENID_DEVICE);
}

static void mounted_at_view(void)
{
	have_mounted(VIEW, SYSGENID_VIEW_AT);
}

/* A criu that does not see the registry, as in a container of its own. */
static void test_without_registry(void)
{
	pid_t same = start(nothing), other = start(nothing_else), file = start(mounted_file),
	      folder = start(mounted_folder), device = start(mounted_at_device),
	      chance = start(mounted_by_chance), view = start(mounted_at_view),
	      counter = start(mounted_folder_counter), vmclock = start(mounted_folder_vmclock);

	must(!mount("x", "/run/sysgenid", "tmpfs", 0, NULL));
	is_unknown(file, true, "a mount of a file is known by its path");
	is_unknown(folder, true, "and a mount of its folder");
	is_unknown(counter, true, "also if the container's name is that of the file");
	is_unknown(vmclock, true, "or that of the view");
	is_unknown(device, true, "and a mount at " SYSGENID_DEVICE);
	is_unknown(view, true, "and a mount of a view at " SYSGENID_VIEW_AT);
	is_unknown(chance, false, "a folder that is called like one is none");
	is_unknown(other, false, "control: a task with no such mount has none");
	is_unknown(same, false, "nor has a task in criu's mount namespace");
	must(!umount("/run/sysgenid"));
}

int main(void)
{
	if (geteuid() || !make_registry()) {
		puts("1..0 # SKIP a /run of its own can only be mounted by root");
		return 0;
	}
	test_without_registry();
	test_memory();
	test_shared_root();
	test_detached_root();
	test_children();
	sysgenid_counterfiles_forget();
	return done_testing();
}
