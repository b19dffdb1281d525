// SPDX-License-Identifier: GPL-2.0-only
/* Counter files of the registry: how far a file is raised, and which files are not touched. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include <counterfile-view.h>

#include "tap.h"
#include "counterfile-registry.h"

static char directory[] = "/tmp/sysgenid-counterfile-XXXXXX";

static struct sysgenid_counterfile make(uint32_t generation, uint32_t magic, off_t size)
{
	struct sysgenid_page page = { .generation = generation,
				      .magic = magic,
				      .version = SYSGENID_PAGE_VERSION };
	struct sysgenid_counterfile file = { .fault = NULL };
	struct stat stat;
	int fd;

	snprintf(file.path, sizeof(file.path), "%s/counter", directory);
	unlink(file.path);
	fd = open(file.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, &page, sizeof(page)) != sizeof(page) || ftruncate(fd, size) ||
	    fstat(fd, &stat))
		abort();
	close(fd);
	file.device = stat.st_dev;
	file.inode = stat.st_ino;
	return file;
}

static struct sysgenid_counterfile page(uint32_t generation)
{
	return make(generation, SYSGENID_PAGE_MAGIC, sysconf(_SC_PAGESIZE));
}

/* Raises a file with the generation now above mark. expected: the generation after that. */
static void raises(uint32_t now, uint32_t mark, uint32_t expected, const char *name)
{
	const unsigned int how = SYSGENID_RAISE_RESEEDED | SYSGENID_RAISE_ANY_MARK;
	struct sysgenid_counterfile file = page(now);
	uint32_t told = 0, found = 0;
	int error = sysgenid_counterfile_raise(&file, mark, how, &told);

	if (!ok(!error && !sysgenid_counterfile_read(&file, &found) && told == expected &&
			found == expected,
		"%s", name))
		printf("# error %d, told %u, found %u\n", error, told, found);
}

static void test_numbers(void)
{
	struct sysgenid_counterfile file = { .fault = NULL };
	uint32_t generation;

	raises(5, 0, 6, "without a mark it grows by one");
	raises(5, 41, 42, "it goes above a mark that is higher");
	raises(50, 41, 51, "and above what it says itself");
	raises(41, 41, 42, "and above both when they are the same");
	raises(0, UINT32_MAX - 1, UINT32_MAX, "a mark of 2^32 - 2 is followed if any mark is");
	raises(UINT32_MAX, 0, 1, "after the highest number comes 1, never 0");
	raises(UINT32_MAX, 41, 42, "and that is above the mark, too");
	raises(UINT32_MAX, UINT32_MAX - 1, 1,
	       "but where nothing else is above it: a file never stays as it is");
	file = page(5);
	ok(sysgenid_counterfile_raise(&file, UINT32_MAX, SYSGENID_RAISE_RESEEDED, &generation) ==
		   -ERANGE,
	   "nothing is above a mark of 2^32 - 1: ERANGE");
}

/* A file that others may share follows no image towards the end of the numbers. */
static void test_marks(void)
{
	struct sysgenid_counterfile file = page(5);
	uint32_t generation = 0;

	ok(sysgenid_counterfile_raise(&file, SYSGENID_MOST_MARK + 1, 0, &generation) == -EDOM &&
		   !sysgenid_counterfile_read(&file, &generation) && generation == 5,
	   "a mark that no file reaches by restores is not followed: EDOM, and the file stays");
	ok(!sysgenid_counterfile_raise(&file, SYSGENID_MOST_MARK, 0, &generation) &&
		   generation == SYSGENID_MOST_MARK + 1,
	   "the highest that is");
	ok(!sysgenid_counterfile_raise(&file, generation, 0, &generation) &&
		   generation == SYSGENID_MOST_MARK + 2,
	   "nor does an image of a file that is there already need a jump");
	ok(sysgenid_counterfile_raise(&file, generation + 1, 0, &generation) == -EDOM,
	   "but one mark above it does");
}

static struct sysgenid_page content(const struct sysgenid_counterfile *file)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	struct sysgenid_page page;

	if (fd < 0 || read(fd, &page, sizeof(page)) != sizeof(page))
		abort();
	close(fd);
	return page;
}

static void test_resume(void)
{
	struct sysgenid_counterfile file = page(5);
	struct sysgenid_page page;
	uint32_t generation;

	ok(!sysgenid_counterfile_raise(&file, 0, 0, &generation) && content(&file).resumed == 0,
	   "a restore is no resume");
	ok(!sysgenid_counterfile_resume(&file, 0, &generation) && generation == 7,
	   "a resume moves the file by one");
	page = content(&file);
	ok(page.resumed == 7 && page.restored == 6, "and says so, and what the last restore began");
}

static void refuses(struct sysgenid_counterfile file, int expected, const char *name)
{
	uint32_t generation;
	int raise = sysgenid_counterfile_raise(&file, 0, SYSGENID_RAISE_RESEEDED, &generation);
	int read = sysgenid_counterfile_read(&file, &generation);

	if (!ok(raise == expected && read == expected, "%s", name))
		printf("# raise %d, read %d\n", raise, read);
}

static void test_hostile(void)
{
	struct sysgenid_counterfile file = { .fault = NULL };
	char other[64];

	refuses(make(1, 0x12345678, sysconf(_SC_PAGESIZE)), -ENOTTY, "a page without our magic");
	refuses(make(1, SYSGENID_PAGE_MAGIC, 100), -ESTALE, "a file that is no page long");
	refuses(make(1, SYSGENID_PAGE_MAGIC, 2 * sysconf(_SC_PAGESIZE)), -ESTALE,
		"a file that is longer than a page");
	file = page(1);
	file.inode++;
	refuses(file, -ESTALE, "another file than the one that was found");
	file = page(1);
	chmod(file.path, 0666);
	refuses(file, -ESTALE, "a file that anybody can write");
	file = page(1);
	if (chown(file.path, 1, 0))
		abort();
	refuses(file, -ESTALE, "a file of another user");
	file = page(1);
	snprintf(other, sizeof(other), "%s/other", directory);
	if (link(file.path, other))
		abort();
	refuses(file, -ESTALE, "a file with a second name");
	unlink(file.path);
	if (symlink(other, file.path))
		abort();
	refuses(file, -ELOOP, "a link");
	unlink(file.path);
	unlink(other);
	refuses(file, -ENOENT, "a file that is gone");
}

static void test_generator(void)
{
	struct sysgenid_counterfile file = page(1);
	struct sysgenid_page page = { .flags = SYSGENID_PAGE_F_RNG };
	uint32_t generation;
	int fd = open(file.path, O_RDWR | O_CLOEXEC);

	if (pwrite(fd, &page.flags, 4, offsetof(struct sysgenid_page, flags)) != 4)
		abort();
	sysgenid_counterfile_raise(&file, 0, 0, &generation);
	ok(pread(fd, &page, sizeof(page), 0) == sizeof(page) && page.generation == 2 &&
		   page.rng_generation == 0,
	   "without a reseed the file does not say that there was one");
	sysgenid_counterfile_raise(&file, 0, SYSGENID_RAISE_RESEEDED, &generation);
	ok(pread(fd, &page, sizeof(page), 0) == sizeof(page) && page.generation == 3 &&
		   page.rng_generation == 3,
	   "with a reseed it says so");
	close(fd);
}

/* Puts a view of this number beside a counter file. */
static void put_view(struct sysgenid_counterfile *file, uint64_t number, off_t size)
{
	struct counterfile_view view;
	struct stat stat;
	char path[64];
	int fd;

	counterfile_view_fill(&view, 0);
	view.vm_generation_counter = number;
	snprintf(path, sizeof(path), "%s/vmclock", directory);
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, &view, sizeof(view)) != sizeof(view) || ftruncate(fd, size) ||
	    fstat(fd, &stat))
		abort();
	close(fd);
	file->view = stat.st_ino;
}

static uint64_t number_of_view(void)
{
	struct counterfile_view view;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/vmclock", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &view, sizeof(view)) != sizeof(view))
		abort();
	close(fd);
	return view.vm_generation_counter;
}

static void test_view(void)
{
	const off_t size = sysconf(_SC_PAGESIZE);
	struct sysgenid_counterfile file = page(5);
	uint32_t generation;
	char path[64];

	put_view(&file, 5, size);
	ok(!sysgenid_counterfile_raise(&file, 41, SYSGENID_RAISE_RESEEDED, &generation) &&
		   generation == 42 && number_of_view() == 42,
	   "the view is raised with its counter file");
	put_view(&file, 50, size);
	ok(!sysgenid_counterfile_read(&file, &generation) && generation == 50,
	   "a view that says more counts: tasks have seen that");
	put_view(&file, 43, size);
	ok(!sysgenid_counterfile_raise(&file, 0, SYSGENID_RAISE_RESEEDED, &generation) &&
		   generation == 44 && number_of_view() == 44,
	   "a view does not stay as it is");
	put_view(&file, 1ull << 40, size);
	ok(!sysgenid_counterfile_read(&file, &generation) && generation == 44,
	   "a number of more than 32 bits does not count");
	put_view(&file, 5, size / 2);
	refuses(file, -ESTALE, "a view of another size");
	put_view(&file, 5, size);
	file.view++;
	refuses(file, -ESTALE, "another view than the one that was found");
	file.view--;
	snprintf(path, sizeof(path), "%s/vmclock", directory);
	chmod(path, 0664);
	refuses(file, -ESTALE, "a view that others can write");
	chmod(path, 0644);
	if (truncate(path, 0) || truncate(path, size))
		abort();
	refuses(file, -ENOTTY, "a view without VMClock's layout");
	unlink(path);
	refuses(file, -ENOENT, "a view that is gone");
}

int main(void)
{
	char path[64];

	if (geteuid()) {
		puts("1..0 # SKIP the files must belong to root");
		return 0;
	}
	if (!mkdtemp(directory))
		abort();
	test_numbers();
	test_marks();
	test_resume();
	test_hostile();
	test_generator();
	test_view();
	snprintf(path, sizeof(path), "%s/counter", directory);
	unlink(path);
	rmdir(directory);
	return done_testing();
}
