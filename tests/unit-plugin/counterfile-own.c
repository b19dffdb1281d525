// SPDX-License-Identifier: GPL-2.0-only
/* The counter file at criu's own /dev/sysgenid: which files count, and when criu can raise one. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include "counterfile-own.h"
#include "counterfile-registry.h"
#include "tap.h"

static void must(bool good)
{
	if (!good) {
		perror("# cannot prepare the test");
		abort();
	}
}

/* Makes a /dev that only this process sees. Returns false without the right to do so. */
static bool make_dev(void)
{
	umask(022);
	return !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("dev", "/dev", "tmpfs", 0, "mode=755");
}

static void make(uint32_t generation, uint32_t magic, off_t size, mode_t mode)
{
	struct sysgenid_page page = {
		.generation = generation,
		.magic = magic,
		.version = SYSGENID_PAGE_VERSION,
	};
	int fd;

	unlink(SYSGENID_DEVICE);
	fd = open(SYSGENID_DEVICE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, &page, sizeof(page)) == sizeof(page) && !ftruncate(fd, size) &&
	     !fchmod(fd, mode) && !close(fd));
}

static void is_none(const char *what)
{
	ok(!sysgenid_own_open() && !sysgenid_own_exists(), "%s is no counter file", what);
	sysgenid_own_close();
}

static void test_others(off_t page)
{
	unlink(SYSGENID_DEVICE);
	is_none("nothing");
	make(7, 1, page, 0644);
	is_none("a page of other content");
	make(7, SYSGENID_PAGE_MAGIC, page * 2, 0644);
	is_none("a file of another size");
	make(7, SYSGENID_PAGE_MAGIC, page, 0666);
	is_none("a file that anybody can write");
	make(7, SYSGENID_PAGE_MAGIC, page, 0644);
	must(!chown(SYSGENID_DEVICE, 1, 1));
	is_none("another user's file");
	must(!unlink(SYSGENID_DEVICE) && !mkfifo(SYSGENID_DEVICE, 0644));
	is_none("a FIFO");
	must(!unlink(SYSGENID_DEVICE) && !symlink("/nowhere", SYSGENID_DEVICE));
	is_none("a link to nothing");
}

static void test_raise(off_t page)
{
	uint32_t generation;
	struct stat stat_buf;

	make(7, SYSGENID_PAGE_MAGIC, page, 0644);
	must(!stat(SYSGENID_DEVICE, &stat_buf));
	ok(!sysgenid_own_open() && sysgenid_own_is(stat_buf.st_dev, stat_buf.st_ino) &&
		   sysgenid_own_read() == 7,
	   "a file that this process can write is found");
	ok(!sysgenid_own_is(stat_buf.st_dev, stat_buf.st_ino + 1), "... and no other file is it");
	ok(!sysgenid_own_raise(3, 0, &generation) && generation == 8, "it is raised by one");
	ok(!sysgenid_own_raise(20, 0, &generation) && generation == 21 && sysgenid_own_read() == 21,
	   "and above the mark");
	ok(sysgenid_own_raise(SYSGENID_MOST_MARK + 1, 0, &generation) == -EDOM &&
		   sysgenid_own_read() == 21,
	   "but not for a mark that no file follows");
	ok(!sysgenid_own_resume(0, &generation) && generation == 22 && sysgenid_own_read() == 22,
	   "a resume moves it by one");
	ok(!sysgenid_own_has_moved(21) && sysgenid_own_has_moved(20),
	   "which is no restore for tasks that have seen 21");
	must(!mount(SYSGENID_DEVICE, SYSGENID_DEVICE, NULL, MS_BIND, NULL) &&
	     !mount(NULL, SYSGENID_DEVICE, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	ok(!sysgenid_own_open() && sysgenid_own_exists(), "mounted read-only it is found");
	ok(sysgenid_own_raise(30, 0, &generation) == -EROFS && generation == 22 &&
		   sysgenid_own_resume(0, &generation) == -EROFS && sysgenid_own_read() == 22,
	   "and not raised");
	sysgenid_own_close();
	must(!umount(SYSGENID_DEVICE));
}

static int look(const struct sysgenid_mount *mount, void *argument)
{
	unsigned int *mounts = argument;

	*mounts += sysgenid_own_is_mounted_by(mount);
	return 0;
}

static unsigned int count_mounts(void)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	unsigned int mounts = 0;

	must(fd >= 0 && !sysgenid_for_each_mount(fd, look, &mounts) && !close(fd));
	return mounts;
}

static void test_mounts(off_t page)
{
	static const char folder[] = "/dev/other", file[] = "/dev/other/sysgenid";

	make(7, SYSGENID_PAGE_MAGIC, page, 0644);
	must(!mkdir(folder, 0755) && !rename(SYSGENID_DEVICE, file));
	make(7, SYSGENID_PAGE_MAGIC, page, 0644);
	must(!mount(file, SYSGENID_DEVICE, NULL, MS_BIND, NULL) && !sysgenid_own_open());
	ok(count_mounts() == 1, "the mount of the file is known");
	must(!mount(file, file, NULL, MS_BIND, NULL));
	ok(count_mounts() == 2, "and another mount of it");
	sysgenid_own_close();
	must(!umount(SYSGENID_DEVICE) &&
	     !mount(SYSGENID_DEVICE, SYSGENID_DEVICE, NULL, MS_BIND, NULL) && !sysgenid_own_open());
	ok(count_mounts() == 1, "not one of another file at that path");
	sysgenid_own_close();
	ok(count_mounts() == 0, "and none when there is no file");
	must(!umount(SYSGENID_DEVICE) && !umount(file));
}

/* As from a registry: the file has a folder of its own, which can be mounted in its place. */
static void test_folder(off_t page)
{
	static const char folder[] = "/dev/one", other[] = "/dev/two", file[] = "/dev/one/counter";

	make(7, SYSGENID_PAGE_MAGIC, page, 0644);
	must(!mkdir(folder, 0755) && !mkdir(other, 0755) && !rename(SYSGENID_DEVICE, file));
	make(7, SYSGENID_PAGE_MAGIC, page, 0644);
	must(!mount(file, SYSGENID_DEVICE, NULL, MS_BIND, NULL) && !sysgenid_own_open());
	must(!mount(folder, other, NULL, MS_BIND, NULL));
	ok(count_mounts() == 2, "a mount of the folder of the file shows the file");
	must(!umount(other) && !mount(other, folder, NULL, MS_BIND, NULL));
	ok(count_mounts() == 1, "a mount of another folder does not");
	sysgenid_own_close();
	must(!umount(folder) && !umount(SYSGENID_DEVICE));
}

int main(void)
{
	off_t page = (off_t)sysconf(_SC_PAGESIZE);

	if (!make_dev()) {
		skip("a /dev of its own", "needs root and namespaces");
		return done_testing();
	}
	test_others(page);
	test_raise(page);
	test_mounts(page);
	test_folder(page);
	return done_testing();
}
