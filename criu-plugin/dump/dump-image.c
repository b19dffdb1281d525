// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cleanup.h>

#include "binding.h"
#include "criu_abi.h"
#include "dump-image.h"
#include "image-file.h"
#include "log.h"

static int image_directory(void)
{
	return criu_get_image_dir ? criu_get_image_dir() : -1;
}

void sysgenid_dump_image_begin(struct sysgenid_dump_image *dump)
{
	*dump = (struct sysgenid_dump_image){ .image = sysgenid_image_new() };
	if (dump->image && sysgenid_binding_set_id(dump->image))
		sysgenid_dump_image_free(dump);
	if (!dump->image)
		sysgenid_warn(
			"no memory for the image; tasks that use the counter cannot be dumped");
}

void sysgenid_dump_image_set_boot_id(struct sysgenid_dump_image *dump)
{
	cleanup_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char id[37];
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, id, sizeof(id) - 1);
	if (n <= 0)
		return;
	id[n] = '\0';
	dump->image->boot_id = strdup(id);
}

int sysgenid_dump_image_remove_earlier(void)
{
	int error, directory = image_directory();
	struct stat stat;

	if (directory < 0 || !unlinkat(directory, SYSGENID_IMAGE_NAME, 0) || errno == ENOENT)
		return 0;
	error = -errno;
	/* On a read-only file system unlinkat() fails even if there is no such file. */
	if (fstatat(directory, SYSGENID_IMAGE_NAME, &stat, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return 0;
	sysgenid_err("cannot remove the " SYSGENID_IMAGE_NAME " of an earlier dump: %s. A restore "
		     "might take it for this dump's: remove it, or dump into an empty directory",
		     strerror(-error));
	return error;
}

void sysgenid_dump_image_set_mark(struct sysgenid_dump_image *dump, uint32_t mark,
				  const uint32_t *system)
{
	SysgenidImage *image = dump->image;
	uint32_t system_mark = system ? *system : 0;

	if (!image->has_mark || image->mark != mark || image->system_mark != system_mark)
		dump->stored = false;
	image->has_mark = true;
	image->mark = mark;
	image->has_system_mark = system != NULL;
	image->system_mark = system_mark;
}

void sysgenid_dump_image_clear_mark(struct sysgenid_dump_image *dump)
{
	/* Appending cannot take a value away. */
	dump->stored = dump->stored && !dump->image->has_mark;
	dump->written = dump->written && !dump->image->has_mark;
	dump->image->has_mark = dump->image->has_system_mark = false;
}

/*
 * Appends what is new instead of writing the whole image each time: criu calls a hook for each open
 * file, a task may have thousands of them, and all tasks are frozen meanwhile.
 */
static int store(struct sysgenid_dump_image *dump)
{
	int directory, error = -EBADF;

	if (dump->stored || !dump->image)
		return 0;
	directory = image_directory();
	if (dump->written)
		error = sysgenid_image_append(dump->image, &dump->lists, directory);
	if (error)
		error = sysgenid_image_write(dump->image, directory);
	dump->lists = sysgenid_image_lists(dump->image);
	dump->written = dump->stored = !error;
	return error;
}

/* An image is only a hint as long as no task needs the counter. */
void sysgenid_dump_image_store_hint(struct sysgenid_dump_image *dump)
{
	int error = store(dump);

	if (!error)
		return;
	if (dump->image->counter_required)
		sysgenid_err("cannot write " SYSGENID_IMAGE_NAME ": %s", strerror(-error));
	else
		sysgenid_warn("cannot write " SYSGENID_IMAGE_NAME
			      ": %s; a restore on another machine "
			      "will not know how far the counter had got here",
			      strerror(-error));
}

int sysgenid_dump_image_need_plugin(struct sysgenid_dump_image *dump)
{
	int error;

	dump->stored = false;
	if (add_inventory_plugin && !dump->listed) {
		if (add_inventory_plugin(SYSGENID_PLUGIN_NAME)) {
			sysgenid_err(
				"cannot note in criu's inventory that the image needs this plugin");
			return -ENOMEM;
		}
		dump->listed = true;
	}
	error = store(dump);
	if (error)
		sysgenid_err("cannot write " SYSGENID_IMAGE_NAME
			     ", without which these tasks cannot "
			     "be restored: %s",
			     error == -E2BIG ? "the tasks have the counter open too often"
					     : strerror(-error));
	return error;
}

int sysgenid_dump_image_require(struct sysgenid_dump_image *dump)
{
	if (!dump->image->has_mark) {
		sysgenid_err("a task uses the counter, and the kernel does not say how far it has "
			     "got; see the warning above");
		return -EIO;
	}
	dump->image->counter_required = true;
	return sysgenid_dump_image_need_plugin(dump);
}

int sysgenid_dump_image_bind_clocks(struct sysgenid_dump_image *dump)
{
	int error;

	if (dump->image->dump_id)
		return 0;
	/*
	 * criu has written all images by now. criu 4.0 has run the post-dump script as well: if
	 * that has copied the images, the copy is not bound.
	 */
	error = sysgenid_binding_set_clocks(dump->image, image_directory());
	if (error)
		sysgenid_err("cannot bind " SYSGENID_IMAGE_NAME " to this dump: %s",
			     strerror(-error));
	else if (dump->image->has_dump_clocks)
		dump->stored = false;
	return error;
}

void sysgenid_dump_image_spoil(void)
{
	int directory = image_directory();
	cleanup_close int fd = -1;

	/* Remove the file first, since it may be a link. */
	if (!unlinkat(directory, SYSGENID_IMAGE_NAME, 0) || errno == ENOENT)
		fd = openat(directory, SYSGENID_IMAGE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    0600);
	sysgenid_err("the dump that was made cannot be restored: see above");
	if (fd < 0)
		sysgenid_err("cannot make " SYSGENID_IMAGE_NAME
			     " of this failed dump unusable: remove the "
			     "whole image");
}

void sysgenid_dump_image_free(struct sysgenid_dump_image *dump)
{
	if (dump->image)
		sysgenid_image_free(dump->image);
	dump->image = NULL;
}
