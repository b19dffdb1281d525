// SPDX-License-Identifier: GPL-2.0-only
/* Finds a task's counter files under any name, and no other files. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counterfile-find.h"
#include "counterfile-tasks.h"
#include "tap.h"

static void mapped(void)
{
	have_mapped(ONE, MAP_SHARED);
}

static void copied(void)
{
	have_mapped(ONE, MAP_PRIVATE);
}

static void jailed(void)
{
	have_mapped(ONE, MAP_SHARED);
	must(!chroot("/run/empty") && !chdir("/"));
}

static void mounted(void)
{
	have_mounted(ONE, POINT);
}

static void mounted_and_jailed(void)
{
	must(!mkdir("/run/empty/in", 0755));
	make("/run/empty/in/point");
	have_mounted(ONE, "/run/empty/in/point");
	must(!chroot("/run/empty") && !chdir("/"));
}

/* Of a registry whose path is not known. */
static void mounted_elsewhere(void)
{
	have_mounted("/run/else/one/counter", SYSGENID_DEVICE);
}

static void mounted_elsewhere_outside(void)
{
	mounted_elsewhere();
	must(open("/dev", O_PATH | O_DIRECTORY) >= 0);
	must(!chroot("/run/empty") && !chdir("/"));
}

static void jailed_only(void)
{
	must(!unshare(CLONE_NEWNS) && !chroot("/run/empty") && !chdir("/"));
}

/* Mounts another file with the same path inside another file system. */
static void mounted_alike(void)
{
	must(!unshare(CLONE_NEWNS) && !mount("x", "/run/empty", "tmpfs", 0, NULL) &&
	     !mkdir("/run/empty/sysgenid", 0755) &&
	     !mkdir("/run/empty/sysgenid/containers", 0755) &&
	     !mkdir("/run/empty/sysgenid/containers/one", 0755));
	make("/run/empty/sysgenid/containers/one/counter");
	must(!mount("/run/empty/sysgenid/containers/one/counter", POINT, NULL, MS_BIND, NULL));
}

static void mounted_deleted(void)
{
	static const char folder[] = SYSGENID_REGISTRY "/gone";
	static const char file[] = SYSGENID_REGISTRY "/gone/" SYSGENID_REGISTRY_FILE;

	must(!mkdir(folder, 0755));
	make(file);
	have_mounted(file, POINT);
	must(!unlink(file) && !rmdir(folder));
}

static void mounted_foreign(void)
{
	have_mounted(FOREIGN, SYSGENID_DEVICE);
	must(!mount("/run/empty", "/run/empty", NULL, MS_BIND, NULL));
}

static void mounted_registry(void)
{
	have_mounted("/run", "/run/empty");
	must(!mount(SYSGENID_REGISTRY, SYSGENID_REGISTRY, NULL, MS_BIND, NULL));
}

static void mapped_view(void)
{
	have_mapped(VIEW, MAP_SHARED);
}

static void mounted_view(void)
{
	have_mounted(VIEW, POINT);
}

static void mounted_view_elsewhere(void)
{
	have_mounted("/run/else/one/vmclock", SYSGENID_VIEW_AT);
}

static void mounted_foreign_at_view(void)
{
	have_mounted(FOREIGN, SYSGENID_VIEW_AT);
}

static void opened(void)
{
	have_open(TWO);
}

static void many(void)
{
	for (int i = 0; i < 3; i++) {
		have_mapped(TWO, MAP_SHARED);
		have_mapped(ONE, MAP_SHARED);
		have_mapped(FOREIGN, MAP_SHARED);
		have_open(ONE);
	}
}

static void foreign(void)
{
	have_mapped(FOREIGN, MAP_SHARED);
	have_open(FOREIGN);
	have_open(SYSGENID_REGISTRY);
	have_mapped("/proc/self/exe", MAP_SHARED);
}

/* Does the task have the view itself, and not only its mount or the counter file? */
static void uses_view(void (*prepare)(void), bool view, const char *name)
{
	struct sysgenid_counterfiles found;
	pid_t pid = start(prepare);

	ok(!find(pid, &found) && found.has_view == view, "%s", name);
	sysgenid_counterfiles_free(&found);
	end(pid);
}

static void finds(void (*prepare)(void), bool one, bool two, const char *name)
{
	struct sysgenid_counterfiles found;
	pid_t pid = start(prepare);
	int error = find(pid, &found);

	if (!ok(!error && found.n == (size_t)(one + two) && has(&found, ONE) == one &&
			has(&found, TWO) == two && (!found.unusable.fault || !found.n),
		"%s", name))
		printf("# error %d, %zu found\n", error, found.n);
	sysgenid_counterfiles_free(&found);
	end(pid);
}

/* What the message about a file that the registry does not have says. */
static void is_advised(pid_t pid, const char *advice, const char *name)
{
	struct sysgenid_counterfiles found;
	const char *fault;

	must(!find(pid, &found));
	fault = found.unusable.fault ?: "";
	contains(fault, advice, name);
	sysgenid_counterfiles_free(&found);
	end(pid);
}

/* The registry of this mount namespace is a link. */
static void test_link(void)
{
	struct sysgenid_counterfiles found;
	pid_t pid = start(mapped);

	must(!rename(SYSGENID_REGISTRY, "/run/away") && !symlink("/run/away", SYSGENID_REGISTRY));
	ok(find(pid, &found) < 0 && found.registry_failed,
	   "a registry that is a link is an error, since tasks may have files from there");
	sysgenid_counterfiles_free(&found);
	must(!unlink(SYSGENID_REGISTRY) && !rename("/run/away", SYSGENID_REGISTRY));
	end(pid);
}

static void has_none(pid_t pid, const char *name)
{
	struct sysgenid_counterfiles found;

	ok(!find(pid, &found) && !found.n && !found.unusable.fault, "%s is none of ours", name);
	sysgenid_counterfiles_free(&found);
}

static void is_unusable(pid_t pid, const char *fault, const char *name)
{
	struct sysgenid_counterfiles found;
	bool good = !find(pid, &found) && !found.n && found.unusable.fault &&
		    strstr(found.unusable.fault, fault) && !strcmp(found.unusable.path, ONE);

	if (!ok(good, "%s is unusable", name))
		printf("# %zu found, fault: %s\n", found.n, found.unusable.fault);
	sysgenid_counterfiles_free(&found);
}

/* The task has the counter file mapped throughout. */
static void test_hostile(void)
{
	static const char folder[] = SYSGENID_REGISTRY "/one", away[] = "/run/away";
	pid_t pid = start(mapped), other = start(foreign);

	must(!rename(folder, away) && !symlink(away, folder));
	has_none(pid, "a file in a folder that only a link in the registry leads to");
	must(!unlink(folder) && !rename(away, folder) && !rename(ONE, away) && !symlink(away, ONE));
	has_none(pid, "a file that only a link leads to");
	must(!unlink(ONE) && !rename(away, ONE) && !link(ONE, away));
	is_unusable(pid, "second name", "a file with a second name");
	has_none(other, "control: another task's file");
	must(!unlink(away) && !chmod(ONE, 0666));
	is_unusable(pid, "can write it", "a file that anybody can write");
	must(!chmod(ONE, 0644) && !chown(ONE, 1, 0));
	is_unusable(pid, "own it", "a file of another user");
	must(!chown(ONE, 0, 0) && !truncate(ONE, 2 * sysconf(_SC_PAGESIZE)));
	is_unusable(pid, "size", "a file that is longer than a page");
	must(!truncate(ONE, sysconf(_SC_PAGESIZE)) && !chmod(folder, 0777));
	is_unusable(pid, "its folder", "a file in a folder that anybody can write");
	must(!chmod(folder, 0755) && !chmod(SYSGENID_REGISTRY, 0777));
	is_unusable(pid, "its folder", "a file in a registry that anybody can write");
	must(!chmod(SYSGENID_REGISTRY, 0755));
	end(pid);
	end(other);
	finds(mapped, true, false, "and after all that it is ours again");
}

/* The same of a view: it is a part of its counter file. */
static void test_hostile_view(void)
{
	static const char away[] = "/run/away";
	struct sysgenid_counterfiles found;
	pid_t pid = start(mapped_view);

	must(!link(VIEW, away));
	ok(!find(pid, &found) && !found.n && found.unusable.fault &&
		   strstr(found.unusable.fault, "second name") &&
		   !strcmp(found.unusable.path, VIEW),
	   "a view with a second name is unusable, and is named");
	sysgenid_counterfiles_free(&found);
	must(!unlink(away) && !unlink(TWO));
	has_none(pid, "a view without a counter file");
	make(TWO);
	end(pid);
	finds(mapped_view, false, true, "and after all that it is ours again");
}

/* The view at criu's own /dev/vmclock0, as when criu runs in the container. */
static void own_view(void)
{
	have_mapped(SYSGENID_VIEW_AT, MAP_SHARED);
}

static void test_own_view(void)
{
	pid_t pid = start(own_view);

	must(!sysgenid_own_open());
	is_advised(pid, "an engine outside of the container",
		   "a view that is not in the registry and that criu itself has is unusable");
	finds(mapped_view, false, true, "control: not the view of another container");
	sysgenid_own_close();
	is_unknown(start(own_view), false, "control: not without a view of criu's own");
}

static void test_gone(void)
{
	struct sysgenid_counterfiles found;
	pid_t pid = start(nothing);
	siginfo_t info;

	kill(pid, SIGKILL);
	must(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	ok(find(pid, &found) == -ESRCH, "a task that is dead has none: ESRCH");
	sysgenid_counterfiles_free(&found);
	end(pid);
	ok(find(pid, &found) == -ESRCH, "so one that is gone");
	sysgenid_counterfiles_free(&found);
}

int main(void)
{
	if (geteuid() || !make_registry()) {
		puts("1..0 # SKIP a /run of its own can only be mounted by root");
		return 0;
	}
	finds(nothing, false, false, "a task that has none");
	finds(mapped, true, false, "a mapping, and no path that leads to it");
	finds(copied, true, false, "a private one sees the counter, too");
	finds(jailed, true, false, "a mapping of a task that has changed its root since");
	finds(opened, false, true, "an open file");
	finds(mounted, true, false, "one that is mounted at any path, neither open nor mapped");
	finds(mounted_folder, false, true, "one whose folder is mounted");
	finds(mounted_and_jailed, true, false, "one that is mounted below the root of the task");
	finds(mounted_outside, true, false,
	      "one that is mounted outside of the root of the task, which has kept a directory");
	finds(mapped_view, false, true, "a file by its view, which is mapped");
	finds(mounted_view, false, true, "and one whose view is mounted at any path");
	uses_view(mapped_view, true, "a task that has mapped the view has it");
	uses_view(mounted_view, false, "not one that only has it mounted");
	uses_view(opened, false, "nor one that has the counter file");
	is_unknown(start(mounted_view_elsewhere), true,
		   "a view at " SYSGENID_VIEW_AT
		   " that the registry does not have is known as one");
	is_unknown(start(mounted_foreign_at_view), false,
		   "control: not another file at " SYSGENID_VIEW_AT);
	finds(jailed_only, false, false, "control: not by a change of the root alone");
	finds(mounted_alike, false, false,
	      "no file that is mounted from the same path of another file system");
	is_unknown(start(mounted_alike), true,
		   "but such a file is known as one that the registry does not have");
	is_unknown(start(mounted_elsewhere), true, "and a file of that name at " SYSGENID_DEVICE);
	is_unknown(start(mounted_elsewhere_outside), true,
		   "and one outside of the root of the task");
	is_unknown(start(mounted_deleted), true, "and one that the registry had");
	is_advised(start(mounted_deleted), "it was removed from " SYSGENID_REGISTRY,
		   "the message about that says so");
	is_advised(start(mounted_alike), "an engine inside of the container",
		   "and the message about the others names engines inside of containers");
	is_unknown(start(mounted_foreign), false, "control: not another file at " SYSGENID_DEVICE);
	is_unknown(start(mounted_registry), false, "control: not the whole registry");
	finds(many, true, true, "several, each once, however often it is there");
	finds(foreign, false, false, "no file of the same file system that is not in the registry");
	test_hostile();
	test_hostile_view();
	test_own_view();
	test_link();
	test_gone();
	sysgenid_counterfiles_forget();
	return done_testing();
}
