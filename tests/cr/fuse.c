// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small FUSE server with one empty file. The kernel asks the server for the file's attributes
 * each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "subject.h"

#define NODE "/run/fuse-node"
#define FUSE_MINOR 229

static int device;

static void answer(const struct fuse_in_header *request, int error, const void *data, size_t size)
{
	struct fuse_out_header header = { .len = (uint32_t)(sizeof(header) + size),
					  .error = -error,
					  .unique = request->unique };
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)data, size } };

	/* ENOENT: the process that asked may be gone. */
	if (writev(device, parts, 2) < 0 && errno != ENOENT)
		die("answer");
}

static void handle(const struct fuse_in_header *request)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
				      .minor = FUSE_KERNEL_MINOR_VERSION,
				      .max_write = 4096 };
	struct fuse_attr_out attributes = {
		.attr = { .ino = 1, .mode = S_IFREG | 0644, .nlink = 1 }
	};
	struct fuse_open_out opened = { 0 };

	switch (request->opcode) {
	case FUSE_INIT:
		answer(request, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		answer(request, 0, &attributes, sizeof(attributes));
		break;
	case FUSE_OPEN:
		answer(request, 0, &opened, sizeof(opened));
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(request, ENOSYS, NULL, 0);
	}
}

/* Makes a node of its own, since a container's /dev has no fuse. */
static void mount_at(const char *point)
{
	char options[128];
	int file = open(point, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (file < 0 || close(file))
		die(point);
	if (mknod(NODE, S_IFCHR | 0600, makedev(10, FUSE_MINOR)))
		die("mknod");
	device = open(NODE, O_RDWR | O_CLOEXEC);
	if (device < 0 || unlink(NODE))
		die("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=100644,user_id=0,group_id=0,allow_other",
		 device);
	if (mount("fuse", point, "fuse", 0, options))
		die("mount");
}

/* Argument FILE: mounts the file system at FILE and serves it for ever. */
int subject_fuse(char **args)
{
	static char buffer[65536];

	if (!args[1])
		return 2;
	mount_at(args[1]);
	for (bool told = false;; told = true) {
		ssize_t n = read(device, buffer, sizeof(buffer));

		if (n < (ssize_t)sizeof(struct fuse_in_header))
			die("read");
		handle((const struct fuse_in_header *)buffer);
		if (!told)
			say("serving");
	}
}
