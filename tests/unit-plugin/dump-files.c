// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests which open files and mappings of the counter a dump stores. Another device node stands in
 * for the counter. Linked with --wrap=open and --wrap=fopen, so that the test can replace fdinfo.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "criu_abi.h"
#include "dump-files.h"
#include "log.h"
#include "messages.h"
#include "tap.h"

#define FDINFO "/proc/self/fdinfo/"
#define STATE                                                                                      \
	"sysgenid-generation:\t9\nsysgenid-acknowledged:\t7\nsysgenid-outdated:\t1\n"              \
	"sysgenid-tracked:\t1\nsysgenid-highest:\t12\n"

static char directory[] = "/tmp/sysgenid-files-XXXXXX";
static char node[64], other[64], fdinfo[64];

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

static const char *replaced(const char *path)
{
	return strncmp(path, FDINFO, sizeof(FDINFO) - 1) ? path : fdinfo;
}

int __wrap_open(const char *path, int flags, ...)
{
	return __real_open(replaced(path), flags);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	return __real_fopen(replaced(path), mode);
}

/* criu's log is standard error here, so an error is written to it once and not twice. */
unsigned int log_get_fd(void)
{
	return STDERR_FILENO;
}

static void must(bool good)
{
	if (!good) {
		perror("# cannot prepare the test");
		abort();
	}
}

/* Writes an fdinfo as the kernel's, with a number of lines about locks in front. */
static void put_fdinfo(unsigned int locks)
{
	FILE *file = fopen(fdinfo, "we");

	must(file != NULL);
	fprintf(file, "pos:\t0\nflags:\t0100002\nmnt_id:\t26\nino:\t77\n");
	for (unsigned int i = 1; i <= locks; i++)
		fprintf(file, "lock:\t%u: OFDLCK ADVISORY  READ -1 00:06:77 %u %u\n", i, 2 * i,
			2 * i);
	must(fputs(STATE, file) >= 0 && !fclose(file));
}

static int open_new(void)
{
	int fd;

	unlink(node);
	must(!mknod(node, S_IFCHR | 0666, makedev(1, 3)));
	fd = open(node, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

static SysgenidImage *new_image(void)
{
	SysgenidImage *image = sysgenid_image_new();

	must(image != NULL);
	image->has_mark = true;
	image->mark = 3;
	forget_messages();
	return image;
}

static void stores(int fd, const char *name)
{
	SysgenidImage *image = new_image();

	ok(!sysgenid_mapping_dump(fd, SYSGENID_NODE_COUNTER, image) && image->n_mappings == 1 &&
		   !strcmp(image->mappings[0], node),
	   "%s: a mapping is stored", name);
	if (ok(!sysgenid_file_dump(fd, 1, SYSGENID_NODE_COUNTER, image) && image->n_files == 1 &&
		       !strcmp(image->files[0]->path, node),
	       "%s: an open file is stored", name))
		ok(image->files[0]->acknowledged == 7 && image->files[0]->outdated &&
			   image->files[0]->tracked && image->mark == 12,
		   "%s: ... and its state", name);
	else
		printf("# %s\n", messages);
	sysgenid_image_free(image);
}

static void refuses(int fd, const char *name)
{
	SysgenidImage *image = new_image();

	if (!ok(sysgenid_mapping_dump(fd, SYSGENID_NODE_COUNTER, image) == -ENOENT &&
			!image->n_mappings,
		"%s: a mapping is refused", name) &&
	    image->n_mappings)
		printf("# stored: %s\n", image->mappings[0]);
	contains(messages, "deleted or replaced", "... and told why");
	forget_messages();
	if (!ok(sysgenid_file_dump(fd, 1, SYSGENID_NODE_COUNTER, image) == -ENOENT &&
			!image->n_files,
		"%s: an open file is refused", name) &&
	    image->n_files)
		printf("# stored: %s\n", image->files[0]->path);
	contains(messages, "deleted or replaced", "... and told why");
	sysgenid_image_free(image);
}

static void test_replaced(void)
{
	int fd = open_new();

	stores(fd, "a node");
	must(!unlink(node));
	refuses(fd, "a node that was deleted");
	close(fd);
	fd = open_new();
	/* The name and the number of links of the file are the same as before. */
	must(!link(node, other) && !unlink(node) && !rename(other, node));
	refuses(fd, "a node that was replaced by a link to itself");
	close(fd);
}

static void test_fdinfo(void)
{
	int fd = open_new();

	put_fdinfo(300);
	stores(fd, "300 locks on the file");
	close(fd);
}

int main(void)
{
	must(mkdtemp(directory) != NULL);
	snprintf(node, sizeof(node), "%s/node", directory);
	snprintf(other, sizeof(other), "%s/other", directory);
	snprintf(fdinfo, sizeof(fdinfo), "%s/fdinfo", directory);
	if (geteuid()) {
		puts("1..0 # SKIP only root makes device nodes");
		return 0;
	}
	put_fdinfo(0);
	test_replaced();
	test_fdinfo();
	unlink(node);
	unlink(fdinfo);
	rmdir(directory);
	return done_testing();
}
