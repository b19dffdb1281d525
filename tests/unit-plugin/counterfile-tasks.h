/* SPDX-License-Identifier: GPL-2.0-only */
/* Counter files, and stopped tasks that have them. */
#ifndef COUNTERFILE_TASKS_H
#define COUNTERFILE_TASKS_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <counterfile-view.h>

#include "counterfile-find.h"
#include "tap.h"

#define ONE SYSGENID_REGISTRY "/one/" SYSGENID_REGISTRY_FILE
#define TWO SYSGENID_REGISTRY "/two/" SYSGENID_REGISTRY_FILE
#define VIEW SYSGENID_REGISTRY "/two/" SYSGENID_REGISTRY_VIEW /* that of TWO */
#define FOREIGN "/run/foreign"
#define POINT "/run/point"

static inline void must(bool good)
{
	if (!good) {
		perror("# cannot prepare the test");
		abort();
	}
}

static inline void make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	must(fd >= 0 && !ftruncate(fd, sysconf(_SC_PAGESIZE)) && !close(fd));
}

/* Makes a /run and a /dev that only this process sees. Returns false without the right to do so. */
static inline bool make_registry(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, "mode=755") ||
	    mount("dev", "/dev", "tmpfs", 0, "mode=755"))
		return false;
	umask(022);
	must(!mkdir("/run/sysgenid", 0755) && !mkdir(SYSGENID_REGISTRY, 0755) &&
	     !mkdir(SYSGENID_REGISTRY "/one", 0755) && !mkdir(SYSGENID_REGISTRY "/two", 0755) &&
	     !mkdir("/run/empty", 0755) && !mkdir("/run/else", 0755) &&
	     !mkdir("/run/else/one", 0755));
	make("/run/else/one/counter");
	make("/run/else/one/vmclock");
	make(ONE);
	make(TWO);
	make(VIEW);
	make(FOREIGN);
	make(POINT);
	make(SYSGENID_DEVICE);
	make(SYSGENID_VIEW_AT);
	return true;
}

static inline int have_open(const char *path)
{
	int fd = open(path, O_RDONLY);

	must(fd >= 0);
	return fd;
}

static inline void have_mapped(const char *path, int sharing)
{
	int fd = have_open(path);

	must(mmap(NULL, 4, PROT_READ, sharing, fd, 0) != MAP_FAILED && !close(fd));
}

static inline void have_mounted(const char *what, const char *point)
{
	must(!unshare(CLONE_NEWNS) && !mount(what, point, NULL, MS_BIND, NULL));
}

/* Keeps a directory outside of the root, through which the mount is reached. */
static inline void mounted_outside(void)
{
	have_mounted(ONE, POINT);
	must(open("/run", O_PATH | O_DIRECTORY) >= 0);
	must(!chroot("/run/empty") && !chdir("/"));
}

static inline void nothing_else(void)
{
	must(!unshare(CLONE_NEWNS));
}

static inline void nothing(void)
{
}

static inline void mounted_folder(void)
{
	have_mounted(SYSGENID_REGISTRY "/two", "/run/empty");
}

/* Starts a task that calls prepare and stops. */
static inline pid_t start(void (*prepare)(void))
{
	pid_t pid = fork();
	int status;

	must(pid >= 0);
	if (!pid) {
		prepare();
		raise(SIGSTOP);
		_exit(0);
	}
	must(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	return pid;
}

static inline void end(pid_t pid)
{
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
}

static inline bool has(const struct sysgenid_counterfiles *found, const char *path)
{
	for (size_t i = 0; i < found->n; i++)
		if (!strcmp(found->files[i].path, path))
			return true;
	return false;
}

/* The test changes what is mounted from one search to the next. */
static inline int find(pid_t pid, struct sysgenid_counterfiles *found)
{
	sysgenid_counterfiles_forget();
	return sysgenid_counterfiles_find(pid, found);
}

/* Finds no file of the registry. Is there one that the registry does not have? */
static inline void is_unknown(pid_t pid, bool unknown, const char *name)
{
	struct sysgenid_counterfiles found;

	if (!ok(!find(pid, &found) && !found.n && !!found.unusable.fault == unknown, "%s", name))
		printf("# %zu found, unusable '%s'\n", found.n, found.unusable.path);
	sysgenid_counterfiles_free(&found);
	end(pid);
}

#endif
