// SPDX-License-Identifier: GPL-2.0-only
/* The view of a counter file: what it says after raises, by several at once; what is no view. */
#define _GNU_SOURCE
#include <counterfile-page.h>
#include <counterfile-view.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "helpers.h"
#include "tap.h"

static char directory[] = "/tmp/sysgenid-view-XXXXXX";
static char path[PATH_MAX];

/* Both pages in memory of this process. */
static struct sysgenid_page page;
static struct counterfile_view view;

static void begin(uint32_t generation)
{
	page = (struct sysgenid_page){ .generation = generation };
	counterfile_view_fill(&view, generation);
}

/* Does the view say so, in all its fields? */
static bool says(uint32_t generation)
{
	return page.generation == generation && counterfile_view_counter(&view) == generation &&
	       view.disruption_marker == view.vm_generation_counter && !(view.seq_count & 1);
}

/* Raises a pair that says @now above @min, and returns the number. */
static uint32_t raised(uint32_t now, uint32_t min)
{
	uint32_t told, seq;

	begin(now);
	seq = view.seq_count;
	told = counterfile_view_raise(&page, &view, min);
	must(says(told) && view.seq_count != seq);
	return told;
}

static void test_raise(void)
{
	begin(7);
	ok(says(7) && view.seq_count == 14, "a new view says the number of its counter file");
	is_int(raised(7, 0), 8, "both are raised by one");
	is_int(raised(7, 100), 100, "or to what is wished for");
	is_int(raised(UINT32_MAX, 0), 1, "after the highest number comes 1, for both");
	is_int(raised(7, 7 + (1u << 31)), 7 + (1u << 31),
	       "a move of 2^31 numbers changes seq_count, too");
	begin(7);
	is_int(counterfile_view_raise(&page, NULL, 0), 8, "without a view the page is raised");
	ok(counterfile_view_counter(&view) == 7, "... alone");
}

/* What a process that was killed, or somebody with the right to write, has left. */
static void test_damaged(void)
{
	begin(7);
	view.seq_count = 15;
	ok(says(counterfile_view_raise(&page, &view, 0)),
	   "an odd seq_count ends with the next raise");
	begin(7);
	view.vm_generation_counter = 8;
	is_int(counterfile_view_raise(&page, &view, 0), 9,
	       "a view that says the next number already gets another one");
	ok(says(9), "as its counter file");
	begin(7);
	view.vm_generation_counter = UINT64_MAX;
	ok(says(counterfile_view_raise(&page, &view, 0)), "as one that says a number of 64 bits");
}

/* Two have raised the page, and the later one is stopped before it comes to the view. */
static void test_stopped(void)
{
	begin(7);
	page.generation = 9;
	counterfile_view_follow(&page, &view);
	ok(says(9), "a view gets the number of a process that does not go on");
	counterfile_view_follow(&page, &view);
	ok(says(9) && view.seq_count == 18, "and when that does go on, nothing changes");
}

#define RAISES 20000

static bool ended;

static void *raise_often(void *unused)
{
	(void)unused;
	for (int i = 0; i < RAISES; i++)
		counterfile_view_raise(&page, &view, 0);
	return NULL;
}

/* Returns how many consistent copies have been something else. */
static void *read_often(void *unused)
{
	static uintptr_t wrong;
	uint64_t last = 0;

	(void)unused;
	while (!__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) {
		uint32_t seq = __atomic_load_n(&view.seq_count, __ATOMIC_ACQUIRE);
		uint64_t counter = __atomic_load_n(&view.vm_generation_counter, __ATOMIC_ACQUIRE);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (seq & 1 || seq != __atomic_load_n(&view.seq_count, __ATOMIC_ACQUIRE))
			continue;
		wrong += counter < last || seq / 2 > counter;
		last = counter;
	}
	return (void *)wrong;
}

static void test_threads(void)
{
	pthread_t raisers[2], reader;
	void *wrong;

	begin(1);
	must(!pthread_create(&reader, NULL, read_often, NULL));
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&raisers[i], NULL, raise_often, NULL));
	for (int i = 0; i < 2; i++)
		must(!pthread_join(raisers[i], NULL));
	__atomic_store_n(&ended, true, __ATOMIC_RELEASE);
	must(!pthread_join(reader, &wrong));
	ok(says(1 + 2 * RAISES), "two raise both at the same time: no raise is lost");
	is_int((long)wrong, 0,
	       "a reader finds no number behind that of seq_count, and none goes back");
}

static void make_file(off_t size, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, &view, sizeof(view)) == sizeof(view));
	must(!ftruncate(fd, size) && !fchmod(fd, mode) && !close(fd));
}

static int check(void)
{
	int fd = counterfile_open(AT_FDCWD, path, O_RDONLY), result;

	must(fd >= 0);
	result = counterfile_view_check(fd);
	close(fd);
	return result;
}

/* Checks a file with one field of the view changed, which is put back. */
#define with(field, value, name)                                                                   \
	do {                                                                                       \
		begin(7);                                                                          \
		view.field = (value);                                                              \
		make_file(size, 0644);                                                             \
		is_int(check(), -ENOTTY, name);                                                    \
	} while (0)

static void test_hostile(void)
{
	const off_t size = sysconf(_SC_PAGESIZE);

	begin(7);
	make_file(size, 0644);
	is_int(check(), 0, "control: a file with a view is one");
	make_file(112, 0644);
	is_int(check(), -ENOTTY, "a file of another size is none: ENOTTY");
	make_file(size, 0666);
	is_int(check(), -ENOTTY, "one that others can write neither");
	with(magic, 1, "one without the magic neither");
	with(version, 2, "one of another version neither");
	with(flags, 0, "one without the flag for the counter neither");
}

int main(void)
{
	must(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/vmclock", directory);
	test_raise();
	test_damaged();
	test_stopped();
	test_threads();
	test_hostile();
	unlink(path);
	must(!rmdir(directory));
	return tap_done();
}
