// SPDX-License-Identifier: GPL-2.0-only
/* The inline functions, on a page made up here. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

#include "helpers.h"
#include "tap.h"

static void test_layout(void)
{
	is_int(offsetof(struct sysgenid_page, generation), 0, "the generation is at byte 0");
	is_int(offsetof(struct sysgenid_page, zero), 4, "the zero word is at byte 4");
	is_int(offsetof(struct sysgenid_page, magic), 64, "the magic is at byte 64");
	is_int(offsetof(struct sysgenid_page, flags), 72, "the flags are at byte 72");
	is_int(offsetof(struct sysgenid_page, rng_generation), 76, "rng_generation is at byte 76");
	is_int(offsetof(struct sysgenid_page, vmclock_counter), 80, "vmclock_counter at byte 80");
	is_int(offsetof(struct sysgenid_page, incarnation), 88, "the incarnation at byte 88");
	is_int(offsetof(struct sysgenid_page, resumed), 104, "a file's resumes at byte 104");
}

static void test_changed(struct sysgenid_page *page, const struct sysgenid *id)
{
	uint32_t seen;

	page->generation = 0;
	seen = sysgenid_generation(id);
	is_int(seen, 0, "the generation is the word in the page");
	ok(!sysgenid_changed(id, &seen), "nothing has changed when nothing has changed");
	page->generation = 1;
	ok(sysgenid_changed(id, &seen), "a higher number is a change");
	is_int(seen, 1, "a change is stored for the caller");
	ok(!sysgenid_changed(id, &seen), "a change is told once");
	page->generation = UINT32_MAX;
	ok(sysgenid_changed(id, &seen), "the highest number is a change");
	page->generation = 1;
	ok(sysgenid_changed(id, &seen), "the wrap to a lower number is a change");
	is_int(seen, 1, "the wrapped number is stored");
}

static void test_reseeded(struct sysgenid_page *page, const struct sysgenid *id)
{
	memset(page, 0, sizeof(*page));
	ok(!sysgenid_rng_reseeded(id), "without the flag the RNG is not known to be reseeded");
	page->flags = SYSGENID_PAGE_F_RNG;
	ok(sysgenid_rng_reseeded(id), "with the flag and equal generations it is");
	page->generation = 7;
	ok(!sysgenid_rng_reseeded(id), "it is not for a generation that it has not caught up with");
	page->rng_generation = 8;
	ok(!sysgenid_rng_reseeded(id), "nor when its number is higher: only equality counts");
	page->rng_generation = 7;
	ok(sysgenid_rng_reseeded(id), "it is when it has caught up");
}

static void test_wait(struct sysgenid_page *page, struct sysgenid *id)
{
	page->generation = 7;
	id->fd = open("/dev/null", O_RDONLY);
	must(id->fd >= 0);
	is_int(sysgenid_wait(id, 6, -1), 0,
	       "a wait for a change that has happened returns at once");
	is_int(sysgenid_wait(id, 7, 0), -ETIME, "a wait of 0 ms just looks");
	close(id->fd);
	id->fd = -1;
	is_int(sysgenid_wait(id, 6, -1), -EBADF, "a handle without a file cannot wait");
	is_int(sysgenid_wait_watchers(id, 1), -EBADF, "nor wait for watchers");
	is_int(sysgenid_acknowledge(id, 7), -EBADF, "nor acknowledge");
	is_int(sysgenid_track(id, true), -EBADF, "nor be tracked");
}

struct counting {
	struct sysgenid_page *page;
	const struct sysgenid *id;
	uint32_t last;
};

static void *count_up(void *argument)
{
	struct counting *counting = argument;

	for (uint32_t i = 1; i <= counting->last; i++)
		__atomic_store_n(&counting->page->generation, i, __ATOMIC_RELEASE);
	return NULL;
}

/* A reader with its own "seen" gets to the last number and never sees one twice. */
static void *follow(void *argument)
{
	struct counting *counting = argument;
	uint32_t seen = 0, before = 0;
	intptr_t twice = 0;

	while (seen != counting->last) {
		if (!sysgenid_changed(counting->id, &seen))
			continue;
		twice += seen <= before;
		before = seen;
	}
	return (void *)twice;
}

static void test_threads(struct sysgenid_page *page, const struct sysgenid *id)
{
	struct counting counting = { .page = page, .id = id, .last = 1000000 };
	pthread_t readers[3], writer;
	intptr_t twice = 0;
	void *result;

	page->generation = 0;
	for (int i = 0; i < 3; i++)
		must(!pthread_create(&readers[i], NULL, follow, &counting));
	must(!pthread_create(&writer, NULL, count_up, &counting));
	for (int i = 0; i < 3; i++) {
		must(!pthread_join(readers[i], &result));
		twice += (intptr_t)result;
	}
	must(!pthread_join(writer, NULL));
	is_int(twice, 0,
	       "three threads follow a million changes, each sees every change once at most");
}

int main(void)
{
	struct sysgenid_page page = { 0 };
	struct sysgenid id = { .page = &page, .fd = -1 };

	test_layout();
	test_changed(&page, &id);
	test_reseeded(&page, &id);
	test_wait(&page, &id);
	test_threads(&page, &id);
	return tap_done();
}
