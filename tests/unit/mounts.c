// SPDX-License-Identifier: GPL-2.0-only
/* What a mountinfo says of counter files, whoever has chosen the names in it. */
#define _GNU_SOURCE
#include "mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define REST " rw,nosuid shared:12 master:1 - tmpfs tmp\\040fs rw,size=1k\n"

static struct sysgenid_registry_place place;

/* Checks what is found on the device 0:25 by this path. */
static const char *counter_at(const char *root)
{
	static char name[256];
	char line[9000];
	struct sysgenid_mount mount;

	snprintf(line, sizeof(line), "36 35 0:25 %s /mnt" REST, root);
	if (!sysgenid_mount_parse(line, &mount))
		abort();
	return sysgenid_mounted_counter(&mount, &place, name, sizeof(name)) ?: "-";
}

static void finds(const char *root, const char *expected, const char *name)
{
	if (!ok(!strcmp(counter_at(root), expected), name))
		diag("got %s", counter_at(root));
}

static bool parses(const char *text)
{
	char *line = strdup(text);
	struct sysgenid_mount mount;
	bool good = sysgenid_mount_parse(line, &mount);

	free(line);
	return good;
}

static void test_parser(void)
{
	char line[] = "36 35 98:7 /a\\040b\\134 /c\\012d" REST,
	     bare[] = "1 0 0:2 / / rw - sysfs s rw\n";
	struct sysgenid_mount mount;

	ok(sysgenid_mount_parse(line, &mount) && mount.id == 36 && mount.device == makedev(98, 7) &&
		   !strcmp(mount.root, "/a b\\") && !strcmp(mount.point, "/c\nd") &&
		   !strcmp(mount.type, "tmpfs"),
	   "a line is taken apart, and its names are as they were");
	ok(sysgenid_mount_parse(bare, &mount) && !strcmp(mount.type, "sysfs") &&
		   !strcmp(mount.root, "/") && mount.device == makedev(0, 2),
	   "so one without optional words");
	ok(!parses("") && !parses("\n") && !parses("36 35 98:7") && !parses("x 35 98:7 / /" REST) &&
		   !parses("36 35 98 / /" REST) && !parses("36 35 98:7 / / rw tmpfs x rw\n"),
	   "what is no such line is not taken for one");
}

static void test_known(void)
{
	place = (struct sysgenid_registry_place){ makedev(0, 25), "/sysgenid/containers" };
	finds("/sysgenid/containers/one/counter", "one", "the file of a counter");
	finds("/sysgenid/containers/one", "one", "its folder, which has nothing else in it");
	finds("/sysgenid/containers/counter", "counter", "a folder with the name of the file");
	finds("/sysgenid/containers/counter/counter", "counter", "and the file in that");
	finds("/sysgenid/containers", "-", "the whole registry is no counter");
	finds("/", "-", "nor is what the registry lies on");
	finds("/sysgenid/containers/one/counter//deleted", "-", "nor one that was removed");
	finds("/sysgenid/containers/one/other/counter", "-", "nor a file that lies deeper");
	finds("/sysgenid/containers/one/kept", "-", "nor another file in the folder");
	finds("/sysgenid/containers-of/one/counter", "-", "nor one in a folder with a longer name");
	finds("/x/sysgenid/containers/one/counter", "-", "nor one elsewhere on the file system");
	place.device = makedev(0, 26);
	finds("/sysgenid/containers/one/counter", "-", "nor one of the same path on another");
}

static void test_unknown(void)
{
	place = (struct sysgenid_registry_place){ makedev(0, 25), "" };
	finds("/sysgenid/containers/one/counter", "one",
	      "where the path is not known the name counts");
	finds("/x/one", "one", "also of a folder");
	finds("/", "-", "but nothing is no name");
}

static bool old_kernel;

/* In place of libc's. A kernel before 5.8 does not say on which mount a file is. */
int statx(int folder, const char *restrict path, int flags, unsigned int wanted,
	  struct statx *restrict status)
{
	int result = (int)syscall(SYS_statx, folder, path, flags, wanted, status);

	if (old_kernel)
		status->stx_mask &= ~STATX_MNT_ID;
	return result;
}

static void test_locate(void)
{
	int fd = open("/proc/sys/kernel", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ok(fd >= 0 && !sysgenid_registry_locate(fd, &place) && !strcmp(place.path, "/sys/kernel"),
	   "the path of a folder on its file system");
	old_kernel = true;
	ok(!sysgenid_registry_locate(fd, &place) && !place.path[0] && place.device,
	   "on an old kernel that is unknown, and its device is known");
	old_kernel = false;
	close(fd);
}

#define LONG (64 << 20) /* bytes */

static void fill(FILE *file, size_t size)
{
	while (size--)
		fputc('a', file);
}

/* Of a file with a deep point, and one with a deep root, and a mount behind each. */
static void __attribute__((noreturn)) write_long(int fd)
{
	FILE *file = fdopen(fd, "w");

	fputs("36 35 0:25 /sysgenid/containers/one/counter /", file);
	fill(file, LONG);
	fputs(REST "37 35 0:25 /sysgenid/containers/two/counter /mnt" REST "38 35 0:25 /", file);
	fill(file, LONG);
	fputs(" /mnt" REST "39 35 0:25 /sysgenid/containers/three/counter /mnt" REST, file);
	fflush(file);
	_exit(0);
}

static int add_name(const struct sysgenid_mount *mount, void *names)
{
	char name[256];

	strcat(names, sysgenid_mounted_counter(mount, &place, name, sizeof(name)) ?: "-");
	strcat(names, mount->type[0] ? " " : "(cut) ");
	return 0;
}

static void test_long(void)
{
	const struct rlimit little = { LONG, RLIM_INFINITY };
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	char names[100] = "";
	int pipe[2], status;
	pid_t pid;

	if (pipe2(pipe, O_CLOEXEC) || (pid = fork()) < 0)
		abort();
	if (!pid) {
		/* So that writing fails when the reader has given up. */
		close(pipe[0]);
		write_long(pipe[1]);
	}
	close(pipe[1]);
	if (setrlimit(RLIMIT_AS, &little))
		abort();
	ok(!sysgenid_for_each_mount(pipe[0], add_name, names),
	   "lines of 64 MB are read with less memory than that");
	if (setrlimit(RLIMIT_AS, &all))
		abort();
	if (!ok(!strcmp(names, "one(cut) two three "),
		"a counter file is found wherever it is mounted, and what comes behind"))
		diag("got %s", names);
	close(pipe[0]);
	waitpid(pid, &status, 0);
}

int main(void)
{
	char path[9000] = "/sysgenid/containers/";

	test_parser();
	test_known();
	test_unknown();
	test_locate();
	place = (struct sysgenid_registry_place){ makedev(0, 25), "/sysgenid/containers" };
	memset(path + strlen(path), 'a', 300);
	finds(path, "-", "a name that is longer than names can be is none");
	test_long();
	return tap_done();
}
