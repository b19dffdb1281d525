// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "counterfile-view.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counterfile-page.h"

#define MAGIC 0x4b4c4356u /* "VCLK" */
#define VERSION 1
#define NO_COUNTER 0xff /* counter_id: there is no clock here */
#define HAS_GENERATION (1ull << 8)

static_assert(offsetof(struct counterfile_view, vm_generation_counter) == SYSGENID_VMCLOCK_COUNTER,
	      "as VMClock has it");

void counterfile_view_fill(struct counterfile_view *view, uint32_t generation)
{
	*view = (struct counterfile_view){
		.magic = htole32(MAGIC),
		.size = htole32((uint32_t)sysconf(_SC_PAGESIZE)),
		.version = htole16(VERSION),
		.counter_id = NO_COUNTER,
		.seq_count = htole32(2 * generation),
		.disruption_marker = htole64(generation),
		.flags = htole64(HAS_GENERATION),
		.vm_generation_counter = htole64(generation),
	};
}

int counterfile_view_check(int fd)
{
	struct counterfile_view view;
	int error = counterfile_check_file(fd);

	if (error)
		return error;
	if (pread(fd, &view, sizeof(view), 0) != sizeof(view))
		return -ENOTTY;
	return view.magic == htole32(MAGIC) && view.version == htole16(VERSION) &&
			       view.flags & htole64(HAS_GENERATION)
		       ? 0
		       : -ENOTTY;
}

int counterfile_view_map(int fd, bool writable, struct counterfile_view **view)
{
	int error = counterfile_view_check(fd);

	if (error)
		return error;
	*view = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | (writable ? PROT_WRITE : 0),
		     MAP_SHARED, fd, 0);
	return *view == MAP_FAILED ? -errno : 0;
}

void counterfile_view_unmap(struct counterfile_view *view)
{
	munmap(view, (size_t)sysconf(_SC_PAGESIZE));
}

uint64_t counterfile_view_counter(const struct counterfile_view *view)
{
	return le64toh(__atomic_load_n(&view->vm_generation_counter, __ATOMIC_ACQUIRE));
}

/*
 * As store_word() in counterfile-page.c: unless the page has another generation by now. Nor is an
 * end taken back that another process has stored: a killed one would leave an odd seq_count to
 * tasks that run already.
 */
static void store_seq(const struct sysgenid_page *page, uint32_t generation, uint32_t *word,
		      uint32_t seq, uint32_t end)
{
	uint32_t old = __atomic_load_n(word, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&page->generation, __ATOMIC_ACQUIRE) == generation &&
	       le32toh(old) != end &&
	       !__atomic_compare_exchange_n(word, &old, htole32(seq), false, __ATOMIC_SEQ_CST,
					    __ATOMIC_ACQUIRE))
		;
	/* Readers see seq_count and the fields in this order. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void store_field(const struct sysgenid_page *page, uint32_t generation, uint64_t *field)
{
	uint64_t old = __atomic_load_n(field, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&page->generation, __ATOMIC_ACQUIRE) == generation &&
	       !__atomic_compare_exchange_n(field, &old, htole64(generation), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
		;
}

/*
 * Has somebody stored that already, to the end? seq_count comes last here: it is odd before the
 * fields are stored, and even when they are.
 */
static bool has_followed(const struct counterfile_view *view, uint32_t generation)
{
	return counterfile_view_counter(view) == generation &&
	       le64toh(__atomic_load_n(&view->disruption_marker, __ATOMIC_ACQUIRE)) == generation &&
	       !(le32toh(__atomic_load_n(&view->seq_count, __ATOMIC_ACQUIRE)) & 1);
}

/*
 * Several processes may be in here; the one whose generation the page has is the last to store.
 * tests/model/view.pml has these steps.
 */
static void store_view(const struct sysgenid_page *page, struct counterfile_view *view,
		       uint32_t generation)
{
	uint32_t end = 2 * generation;

	/*
	 * One move changes seq_count also if it goes 2^31 numbers further. This look comes before
	 * that at the fields: later the end may be that of another process.
	 */
	if (le32toh(__atomic_load_n(&view->seq_count, __ATOMIC_ACQUIRE)) == end)
		end += 2;
	if (has_followed(view, generation))
		return;
	store_seq(page, generation, &view->seq_count, end - 1, end);
	store_field(page, generation, &view->disruption_marker);
	store_field(page, generation, &view->vm_generation_counter);
	store_seq(page, generation, &view->seq_count, end, end);
}

void counterfile_view_follow(const struct sysgenid_page *page, struct counterfile_view *view)
{
	uint32_t generation, now = __atomic_load_n(&page->generation, __ATOMIC_SEQ_CST);

	/* Who has raised the page meanwhile may be stopped or killed: its number is stored, too. */
	do {
		generation = now;
		store_view(page, view, generation);
		now = __atomic_load_n(&page->generation, __ATOMIC_SEQ_CST);
	} while (now != generation);
}

/* The file may be damaged, and say this generation already, as it did @before. */
static uint32_t raise_view(struct sysgenid_page *page, struct counterfile_view *view,
			   uint64_t before, uint32_t generation)
{
	if (view && generation == before)
		generation = counterfile_raise(page, 0);
	if (view)
		counterfile_view_follow(page, view);
	return generation;
}

uint32_t counterfile_view_raise(struct sysgenid_page *page, struct counterfile_view *view,
				uint32_t min)
{
	uint64_t before = view ? counterfile_view_counter(view) : 0;

	return raise_view(page, view, before, counterfile_raise(page, min));
}

uint32_t counterfile_view_resume(struct sysgenid_page *page, struct counterfile_view *view)
{
	uint64_t before = view ? counterfile_view_counter(view) : 0;

	return raise_view(page, view, before, counterfile_resume(page));
}
