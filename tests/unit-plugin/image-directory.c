// SPDX-License-Identifier: GPL-2.0-only
/* sysgenid.img in a directory: it is written whole, added to, and read again. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image-sample.h"
#include "tap.h"

static unsigned long bytes_written(void)
{
	unsigned long bytes = 0;
	FILE *file = fopen("/proc/self/io", "r");

	if (!file || fscanf(file, "rchar: %*u wchar: %lu", &bytes) != 1)
		abort();
	fclose(file);
	return bytes;
}

/* Adds one to each list, in memory and in the directory. */
static void grow(SysgenidImage *image, uint32_t number, int directory)
{
	const struct sysgenid_image_lists lists = sysgenid_image_lists(image);
	SysgenidFile file = SYSGENID_FILE__INIT;
	char path[32];

	file.id = number;
	file.path = path;
	snprintf(path, sizeof(path), "/dev/%u", number);
	image->mark = number;
	if (sysgenid_image_add_file(image, &file) ||
	    sysgenid_image_add_mapping(image, path, number & 1) ||
	    sysgenid_image_add_rng_area(image, (pid_t)number, 4096, 8192, true) ||
	    sysgenid_image_add_wipe_area(image, (pid_t)number, 4096, 8192) ||
	    sysgenid_image_add_file_task(image, (pid_t)number) ||
	    sysgenid_image_append(image, &lists, directory))
		abort();
}

static bool same(const SysgenidImage *a, const SysgenidImage *b)
{
	uint8_t *left, *right;
	size_t size, size_b;
	bool equal;

	encode(a, &left, &size);
	encode(b, &right, &size_b);
	equal = size == size_b && !memcmp(left, right, size);
	free(left);
	free(right);
	return equal;
}

static void test_append(int directory)
{
	struct sysgenid_image_error error = { "" };
	struct sysgenid_image_lists lists = { 0 };
	SysgenidImage *image = sample(), *back = NULL;
	unsigned long before;
	uint8_t *data;
	size_t size;
	int fd;

	ok(sysgenid_image_append(image, &lists, directory) == -ENOENT,
	   "nothing is added to no image");
	sysgenid_image_write(image, directory);
	before = bytes_written();
	for (uint32_t i = 100; i < 1000; i++)
		grow(image, i, directory);
	encode(image, &data, &size);
	ok(bytes_written() - before < 3 * size, "an image is not written again for what is added");
	ok(!sysgenid_image_read(directory, &back, &error) && same(image, back),
	   "it is read with all that was added, once");
	sysgenid_image_free(back);
	fd = openat(directory, SYSGENID_IMAGE_NAME, O_WRONLY | O_APPEND | O_CLOEXEC);
	lists = sysgenid_image_lists(image);
	if (write(fd, data, 1) != 1)
		abort();
	ok(sysgenid_image_append(image, &lists, directory) == -EBADMSG,
	   "nothing is added to one that is not as it was written");
	contains(sysgenid_image_read(directory, &back, &error) ? error.text : "",
		 "something follows", "one that was being added to is refused");
	close(fd);
	free(data);
	sysgenid_image_free(image);
}

static void test_directory(void)
{
	char directory[] = "/tmp/sysgenid-image-XXXXXX", path[64];
	struct sysgenid_image_error error = { "" };
	SysgenidImage *image = sample(), *back = NULL;
	int fd, file;

	if (!mkdtemp(directory))
		abort();
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/%s", directory, SYSGENID_IMAGE_NAME);
	ok(sysgenid_image_read(fd, &back, &error) == -ENOENT,
	   "a missing image is told from a bad one");
	ok(!sysgenid_image_write(image, fd) && !sysgenid_image_read(fd, &back, &error),
	   "written to a directory it is read from there");
	sysgenid_image_free(back);
	file = openat(fd, SYSGENID_IMAGE_NAME ".tmp", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(file);
	image->mark = 9;
	back = NULL;
	ok(!sysgenid_image_write(image, fd) && !sysgenid_image_read(fd, &back, &error) &&
		   back->mark == 9,
	   "it replaces the image of an earlier dump, whatever that left behind");
	sysgenid_image_free(back);
	ok(faccessat(fd, SYSGENID_IMAGE_NAME ".tmp", F_OK, 0), "nothing temporary stays");
	unlink(path);
	if (mkfifo(path, 0600))
		abort();
	contains(sysgenid_image_read(fd, &back, &error) ? error.text : "", "not a regular file",
		 "a FIFO of that name does not block");
	unlink(path);
	test_append(fd);
	unlink(path);
	rmdir(directory);
	close(fd);
	ok(sysgenid_image_write(image, -1) == -EBADF, "no directory is an error");
	sysgenid_image_free(image);
}

int main(void)
{
	test_directory();
	return done_testing();
}
