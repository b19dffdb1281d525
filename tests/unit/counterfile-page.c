// SPDX-License-Identifier: GPL-2.0-only
/* A counter file. */
#define _GNU_SOURCE
#include <counterfile-page.h>
#include <libsysgenid.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "helpers.h"
#include "tap.h"

static char directory[] = "/tmp/sysgenid-file-XXXXXX";
static char path[PATH_MAX];

/* A page as the host makes it, with these bytes, size and mode. */
static void make_file(uint32_t magic, uint32_t version, off_t size, mode_t mode)
{
	struct sysgenid_page page = {
		.generation = 7,
		.magic = magic,
		.version = version,
		.flags = SYSGENID_PAGE_F_RNG,
		.rng_generation = 7,
	};
	int fd;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, &page, sizeof(page)) == sizeof(page));
	must(!ftruncate(fd, size) && !fchmod(fd, mode) && !close(fd));
}

static void make_good_file(void)
{
	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION, sysconf(_SC_PAGESIZE), 0644);
}

static struct sysgenid_page *map_writable(void)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct sysgenid_page *page;

	must(fd >= 0);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(page != MAP_FAILED && !close(fd));
	return page;
}

static void move(struct sysgenid_page *page, uint32_t generation)
{
	__atomic_store_n(&page->generation, generation, __ATOMIC_RELEASE);
}

static int open_result(unsigned int flags)
{
	struct sysgenid *handle;
	int ret = sysgenid_open(&handle, path, flags);

	sysgenid_close(handle);
	return ret;
}

static void test_handle(void)
{
	struct sysgenid_page *page;
	struct sysgenid *id;
	unsigned char bytes[8];
	uint32_t seen, of;

	make_good_file();
	must(!sysgenid_open(&id, path, 0));
	page = map_writable();
	is_int(sysgenid_source(id), SYSGENID_SOURCE_FILE, "the handle says that it is a file");
	is_int(id->fd, SYSGENID_FD_FILE, "and has no descriptor to poll");
	seen = sysgenid_generation(id);
	is_int(seen, 7, "the generation is the word in the file");
	ok(!sysgenid_changed(id, &seen), "nothing has changed when nothing has changed");
	is_int(sysgenid_getrandom(id, bytes, sizeof(bytes), 0, &of), 0,
	       "random bytes can be drawn");
	is_int(of, 7, "and belong to the generation");
	move(page, 9);
	ok(sysgenid_changed(id, &seen) && seen == 9, "a word written in place is seen");
	is_int(sysgenid_getrandom(id, bytes, sizeof(bytes), 1, NULL), -EAGAIN,
	       "random bytes are for later while nobody has reseeded");
	is_int(sysgenid_acknowledge(id, 9), 0, "the current generation can be acknowledged");
	is_int(sysgenid_acknowledge(id, 7), -ESTALE, "no other can");
	is_int(sysgenid_track(id, true), -EOPNOTSUPP, "a file cannot be tracked: EOPNOTSUPP");
	is_int(sysgenid_wait_watchers(id, 1), -EOPNOTSUPP, "and has no watchers to wait for");
	sysgenid_close(id);
	must(!sysgenid_open(&id, path, SYSGENID_OPEN_MAP_ONLY));
	is_int(sysgenid_source(id), SYSGENID_SOURCE_FILE,
	       "a handle with only the mapping says it, too");
	is_int(sysgenid_wait(id, 9, 0), -EBADF, "and cannot wait, as with the device");
	sysgenid_close(id);
	munmap(page, sizeof(*page));
}

/* Raises a file that says @now to at least @min. */
static uint32_t raised(uint32_t now, uint32_t min)
{
	struct sysgenid_page *page;
	uint32_t told, found;

	make_good_file();
	page = map_writable();
	move(page, now);
	told = counterfile_raise(page, min);
	found = page->generation;
	munmap(page, sizeof(*page));
	must(told == found);
	return told;
}

static void test_raise(void)
{
	is_int(raised(7, 0), 8, "who raises the word moves it by one");
	is_int(raised(7, 100), 100, "or to what is wished for");
	is_int(raised(7, UINT32_MAX), UINT32_MAX, "up to the highest number");
	is_int(raised(UINT32_MAX, 0), 1, "after which comes 1");
	is_int(raised(UINT32_MAX, UINT32_MAX), 1,
	       "also for who wishes for the highest: it never stays");
}

/* Returns rng_generation of the page after a reseed was reported for @told. */
static uint32_t reseeded(uint32_t generation, uint32_t rng_generation, uint32_t told)
{
	struct sysgenid_page *page;
	uint32_t found;

	make_good_file();
	page = map_writable();
	move(page, generation);
	page->rng_generation = rng_generation;
	counterfile_reseeded(page, told);
	found = page->rng_generation;
	munmap(page, sizeof(*page));
	return found;
}

/* Does the incarnation of a page that says @generation change if somebody tells of @told? */
static bool renewed(uint32_t generation, uint32_t told)
{
	static const uint32_t before[SYSGENID_INCARNATION_WORDS] = { 1, 2, 3, 4 };
	struct sysgenid_page *page;
	bool changed = true, whole;

	make_good_file();
	page = map_writable();
	move(page, generation);
	memcpy(page->incarnation, before, sizeof(before));
	counterfile_reseeded(page, told);
	for (size_t i = 0; i < SYSGENID_INCARNATION_WORDS; i++)
		changed &= page->incarnation[i] != before[i];
	whole = changed || !memcmp(page->incarnation, before, sizeof(before));
	must(whole && page->flags & SYSGENID_PAGE_F_INCARNATION);
	munmap(page, sizeof(*page));
	return changed;
}

static void test_incarnation(void)
{
	ok(renewed(10, 10), "who tells of a reseed draws all of a new incarnation");
	ok(!renewed(11, 10), "but not over who has raised the word since");
}

#define RAISES 20000

static void *raise_often(void *page)
{
	for (int i = 0; i < RAISES; i++)
		counterfile_reseeded(page, counterfile_raise(page, 0));
	return NULL;
}

static void test_reseeded(void)
{
	struct sysgenid_page *page;
	pthread_t threads[2];

	is_int(reseeded(10, 7, 10), 10, "who has raised the word says that there was a reseed");
	is_int(reseeded(11, 11, 10), 11, "but not over who has raised it since, and said so");
	is_int(reseeded(11, 7, 10), 7, "nor for one who has not said so yet");
	is_int(reseeded(1, UINT32_MAX, 1), 1, "also after the highest number");
	make_good_file();
	page = map_writable();
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, raise_often, page));
	for (int i = 0; i < 2; i++)
		must(!pthread_join(threads[i], NULL));
	is_int(page->generation, 7 + 2 * RAISES, "two raise the word at the same time");
	is_int(page->rng_generation, page->generation, "and the reseed is not left behind");
	munmap(page, sizeof(*page));
}

static void *move_later(void *page)
{
	const struct timespec moment = { .tv_nsec = 50000000 };

	nanosleep(&moment, NULL);
	move(page, 11);
	return NULL;
}

static void test_wait(void)
{
	struct sysgenid_page *page;
	struct sysgenid *id;
	pthread_t thread;
	int64_t begun;

	make_good_file();
	must(!sysgenid_open(&id, path, 0));
	page = map_writable();
	is_int(sysgenid_wait(id, 6, -1), 0,
	       "a wait for a change that has happened returns at once");
	is_int(sysgenid_wait(id, 7, 0), -ETIME, "a wait of 0 ms just looks");
	begun = now_ms();
	is_int(sysgenid_wait(id, 7, 30), -ETIME, "a wait ends with its time limit");
	ok(now_ms() - begun >= 30, "and not before");
	must(!pthread_create(&thread, NULL, move_later, page));
	is_int(sysgenid_wait(id, 7, -1), 0, "a wait without limit ends with the change");
	is_int(sysgenid_generation(id), 11, "which is there then");
	must(!pthread_join(thread, NULL));
	sysgenid_close(id);
	munmap(page, sizeof(*page));
}

/*
 * Whoever has the file open may hold a lease on it. This one gives it up when the kernel asks for
 * that.
 */
static void hold_lease(int type, int ready)
{
	int number, fd = open(path, O_RDONLY | O_CLOEXEC);
	sigset_t io;

	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	must(fd >= 0 && !sigprocmask(SIG_BLOCK, &io, NULL));
	must(!fcntl(fd, F_SETLEASE, type) && write(ready, "", 1) == 1);
	must(!sigwait(&io, &number) && !fcntl(fd, F_SETLEASE, F_UNLCK));
	_exit(0);
}

static void with_lease(int type, int flags, const char *name)
{
	int ready[2], fd, status;
	pid_t pid;
	char byte;

	must(!pipe(ready));
	pid = fork();
	must(pid >= 0);
	if (!pid)
		hold_lease(type, ready[1]);
	must(!close(ready[1]) && read(ready[0], &byte, 1) == 1 && !close(ready[0]));
	fd = counterfile_open(AT_FDCWD, path, flags);
	ok(fd >= 0, name);
	close(fd);
	must(waitpid(pid, &status, 0) == pid && !status);
}

static void test_leases(void)
{
	make_good_file();
	with_lease(F_RDLCK, O_RDWR, "a reader's lease does not keep those out who raise it");
	with_lease(F_WRLCK, O_RDONLY, "nor an exclusive one other readers");
}

static int opened_by_other(void *unused)
{
	(void)unused;
	must(!setgid(65533) && !setuid(65533));
	return -open_result(0);
}

static void test_hostile(void)
{
	const off_t size = sysconf(_SC_PAGESIZE);
	static const char foreign[] = "another user's file is not the counter";
	static const char unreadable[] = "a file that cannot be read: EACCES";

	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION, 80, 0644);
	is_int(open_result(0), -ENOTTY, "a file that is cut off is not the counter: ENOTTY");
	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION, 0, 0644);
	is_int(open_result(SYSGENID_OPEN_MAP_ONLY), -ENOTTY, "an empty one neither");
	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION, size + 1, 0644);
	is_int(open_result(0), -ENOTTY, "one that is longer than a page neither");
	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION, size, 0666);
	is_int(open_result(0), -ENOTTY, "one that everybody can write neither");
	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION, size, 0664);
	is_int(open_result(0), -ENOTTY, "one that a group can write neither");
	make_file(SYSGENID_PAGE_MAGIC + 1, SYSGENID_PAGE_VERSION, size, 0644);
	is_int(open_result(0), -ENOTTY, "one without the magic neither");
	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION + 1, size, 0644);
	is_int(open_result(0), -ENOTTY, "one of another version neither");
	if (geteuid()) {
		skip(foreign, "needs root");
		skip(unreadable, "needs root");
		return;
	}
	make_good_file();
	must(!chown(path, 12345, 0));
	is_int(open_result(0), -ENOTTY, foreign);
	make_file(SYSGENID_PAGE_MAGIC, SYSGENID_PAGE_VERSION, size, 0600);
	is_int(in_child(opened_by_other, NULL), EACCES, unreadable);
}

int main(void)
{
	int before;

	must(mkdtemp(directory) && !chmod(directory, 0755));
	snprintf(path, sizeof(path), "%s/counter", directory);
	before = count_descriptors();
	test_handle();
	test_raise();
	test_reseeded();
	test_incarnation();
	test_wait();
	test_leases();
	test_hostile();
	is_int(count_descriptors(), before, "no descriptor is left behind");
	unlink(path);
	must(!rmdir(directory));
	return tap_done();
}
