// SPDX-License-Identifier: GPL-2.0-only
/* Attempts of a container's root against the container's counter file. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"

#define SIZE 4096

static const char *target;
static char second[256];   /* another name in the same folder */
static char reference[64]; /* /proc/self/fd link of the open file */
static int target_fd;

static int result(long returned)
{
	return returned < 0 ? errno : 0;
}

static int result_of_open(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_write(void)
{
	return result_of_open(open(target, O_RDWR | O_CLOEXEC));
}

static int try_reopen(void)
{
	return result_of_open(open(reference, O_RDWR | O_CLOEXEC));
}

static int try_truncate(void)
{
	return result(truncate(target, SIZE));
}

static int try_chmod(void)
{
	return result(chmod(target, 0666));
}

static int try_chown(void)
{
	return result(chown(target, 0, 1));
}

/* The plugin does not take a file with a second name for a counter file. */
static int try_link(void)
{
	return result(link(target, second)) ?: result(unlink(second));
}

static int try_rename(void)
{
	return result(rename(target, second)) ?: result(rename(second, target));
}

static int try_replace(void)
{
	int fd = open(second, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, SIZE))
		die(second);
	close(fd);
	return result(rename(second, target));
}

static int try_unlink(void)
{
	return result(unlink(target));
}

static void *map_target(void)
{
	void *page = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, target_fd, 0);

	if (page == MAP_FAILED)
		die("mmap");
	return page;
}

static int try_mprotect(void)
{
	return result(mprotect(map_target(), SIZE, PROT_READ | PROT_WRITE));
}

/* /proc/self/mem can write to private memory even if the mapping is read-only. */
static int try_memory(void)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	return result(pwrite(fd, "x", 1, (off_t)map_target()));
}

static int try_punch(void)
{
	return result(madvise(map_target(), SIZE, MADV_REMOVE));
}

static int try_remount(void)
{
	return result(mount(NULL, target, NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int try_cover(void)
{
	return result(mount("/dev/null", target, NULL, MS_BIND, NULL));
}

/* Tries in a new user namespace, in which the process has all capabilities. */
static int in_user_namespace(int (*try)(void))
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWNS) ? errno : try());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("a child");
	return WEXITSTATUS(status);
}

static int try_remount_there(void)
{
	return in_user_namespace(try_remount);
}

/* Opens the file by its inode number, which does not depend on mounts. */
static int try_handle(void)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[MAX_HANDLE_SZ];
	} file = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int id;

	if (name_to_handle_at(AT_FDCWD, target, &file.handle, &id, 0))
		return errno;
	return result_of_open(open_by_handle_at(target_fd, &file.handle, O_RDWR | O_CLOEXEC));
}

static int try_others(void)
{
	return result_of_open(open("/../../proc/1/root/../run/sysgenid/containers",
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static const struct {
	const char *name;
	int (*try)(void);
} attempts[] = {
	{ "write", try_write },	      { "reopen", try_reopen },
	{ "truncate", try_truncate }, { "chmod", try_chmod },
	{ "chown", try_chown },	      { "link", try_link },
	{ "rename", try_rename },     { "replace", try_replace },
	{ "unlink", try_unlink },     { "mprotect", try_mprotect },
	{ "memory", try_memory },     { "punch", try_punch },
	{ "remount", try_remount },   { "userns-remount", try_remount_there },
	{ "cover", try_cover },	      { "handle", try_handle },
	{ "others", try_others },
};

/* Takes all locks, leases and watches that a reader of the file can take. */
static void hold(void)
{
	struct flock all = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	signal(SIGIO, SIG_IGN);
	if (flock(target_fd, LOCK_EX))
		die("flock");
	if (fcntl(target_fd, F_OFD_SETLK, &all))
		die("F_OFD_SETLK");
	if (fcntl(target_fd, F_SETLEASE, F_RDLCK))
		die("F_SETLEASE");
	if (inotify_add_watch(inotify_init1(IN_CLOEXEC), reference, IN_ALL_EVENTS) < 0)
		die("inotify");
}

/* Arguments FILE [hold]: says "try NAME RESULT" for each attempt. */
int subject_hostile(char **args)
{
	if (!args[1])
		return 2;
	target = args[1];
	target_fd = open(target, O_RDONLY | O_CLOEXEC);
	if (target_fd < 0)
		die(target);
	snprintf(second, sizeof(second), "%s.second", target);
	snprintf(reference, sizeof(reference), "/proc/self/fd/%d", target_fd);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		say("try %s %s", attempts[i].name, strerrorname_np(attempts[i].try()));
	if (!args[2])
		return 0;
	hold();
	say("ready");
	for (;;)
		pause();
}
