// SPDX-License-Identifier: GPL-2.0-only
/* Opening what is not the counter. */
#define _GNU_SOURCE
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "helpers.h"
#include "tap.h"

#define UNUSED_MINOR 254 /* of the misc major; for local use */

static char directory[] = "/tmp/sysgenid-open-XXXXXX";
static char file_path[PATH_MAX], fifo_path[PATH_MAX], node_path[PATH_MAX], copy_path[PATH_MAX];

static int open_result(const char *path, unsigned int flags)
{
	struct sysgenid *handle = (struct sysgenid *)file_path;
	int ret = sysgenid_open(&handle, path, flags);

	if (ret < 0 && handle)
		return 1;
	sysgenid_close(handle);
	return ret;
}

static void make_files(void)
{
	int fd;

	must(mkdtemp(directory));
	snprintf(file_path, sizeof(file_path), "%s/file", directory);
	snprintf(fifo_path, sizeof(fifo_path), "%s/fifo", directory);
	snprintf(node_path, sizeof(node_path), "%s/node", directory);
	snprintf(copy_path, sizeof(copy_path), "%s/copy", directory);
	fd = open(file_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	must(fd >= 0 && !ftruncate(fd, 4096) && !close(fd));
	must(!mkfifo(fifo_path, 0600));
	must(!chmod(directory, 0755));
}

static void remove_files(void)
{
	unlink(file_path);
	unlink(fifo_path);
	unlink(node_path);
	unlink(copy_path);
	must(!rmdir(directory));
}

static void test_wrong_files(void)
{
	is_int(open_result(file_path, 0), -ENOTTY, "a regular file is not the counter: ENOTTY");
	is_int(open_result(file_path, SYSGENID_OPEN_MAP_ONLY), -ENOTTY, "nor to be mapped only");
	is_int(open_result(directory, 0), -ENOTTY, "a directory: ENOTTY");
	is_int(open_result(fifo_path, 0), -ENOTTY, "a named pipe: ENOTTY, and it does not block");
	is_int(open_result("/dev/null", 0), -ENOTTY, "another character device: ENOTTY");
	is_int(open_result("/dev/zero", 0), -ENOTTY, "one that can be mapped: ENOTTY");
	is_int(open_result("/dev/zero", SYSGENID_OPEN_MAP_ONLY), -ENOTTY, "nor to be mapped only");
	is_int(open_result("/nonexistent/sysgenid", 0), -ENOENT, "no file: ENOENT");
	is_int(open_result("", 0), -ENOENT, "an empty path: ENOENT");
	is_int(open_result("/dev/null", 0x80), -EINVAL, "an unknown flag: EINVAL");
	sysgenid_close(NULL);
	ok(true, "closing no handle is allowed");
}

static void test_no_driver(void)
{
	static const char name[] = "a device node without a driver: ENODEV or ENXIO";
	int ret;

	if (mknod(node_path, S_IFCHR | 0666, makedev(10, UNUSED_MINOR)) < 0) {
		skip(name, "device nodes cannot be made here");
		return;
	}
	ret = open_result(node_path, 0);
	if (ret == -EACCES)
		skip(name, "device nodes cannot be opened here");
	else if (!ok(ret == -ENODEV || ret == -ENXIO, name))
		diag("got: %d", ret);
}

static void test_environment(void)
{
	must(!setenv("SYSGENID_PATH", file_path, 1));
	is_int(open_result(NULL, 0), -ENOTTY, "SYSGENID_PATH is opened when no path is given");
	is_int(open_result("/nonexistent", 0), -ENOENT, "a path that is given goes before it");
	must(!setenv("SYSGENID_PATH", "", 1));
	is_int(open_result(NULL, 0), open_result(SYSGENID_DEVICE, 0),
	       "an empty SYSGENID_PATH means /dev/sysgenid");
	must(!unsetenv("SYSGENID_PATH"));
	is_int(open_result(NULL, 0), open_result(SYSGENID_DEVICE, 0),
	       "without it /dev/sysgenid is opened");
}

/* This program again, as another user: does it follow SYSGENID_PATH? Its exit status says it. */
static int probe_as_user(void *unused)
{
	(void)unused;
	must(!setenv("SYSGENID_PATH", file_path, 1));
	must(!setgid(65534) && !setuid(65534));
	execl(copy_path, copy_path, "probe", NULL);
	return errno == EACCES ? 77 : 78;
}

static void copy_this_program(mode_t mode)
{
	char buffer[65536];
	ssize_t count;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(copy_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	must(from >= 0 && to >= 0);
	while ((count = read(from, buffer, sizeof(buffer))) > 0)
		must(write(to, buffer, (size_t)count) == count);
	must(count == 0 && !fchmod(to, mode) && !close(to) && !close(from));
}

static void test_set_user_id(void)
{
	static const char plain[] = "another user's program follows SYSGENID_PATH";
	static const char setuid[] = "a set-user-ID program does not";
	int ret;

	if (geteuid() != 0) {
		skip(plain, "needs root");
		skip(setuid, "needs root");
		return;
	}
	copy_this_program(0755);
	ret = in_child(probe_as_user, NULL);
	if (ret == 77) {
		skip(plain, "programs cannot be run from the temporary directory");
		skip(setuid, "programs cannot be run from the temporary directory");
		return;
	}
	is_int(ret, ENOTTY, plain);
	copy_this_program(04755);
	is_int(in_child(probe_as_user, NULL), -open_result(SYSGENID_DEVICE, 0), setuid);
}

int main(int argc, char **argv)
{
	int before;

	(void)argv;
	if (argc > 1)
		return -open_result(NULL, 0);
	make_files();
	before = count_descriptors();
	test_wrong_files();
	test_no_driver();
	test_environment();
	test_set_user_id();
	is_int(count_descriptors(), before, "no descriptor is left behind");
	remove_files();
	return tap_done();
}
