// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that changes in the page is made from the generation. So a program that compares any of it
 * with what it has seen before a restore finds a difference, also on another host: the generation
 * is a number that it has not seen. seq_count has one bit less than the generation: see view_seq().
 */
#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "counter.h"
#include "view.h"

#define VIEW_MAGIC 0x4b4c4356 /* "VCLK" */
#define VIEW_VERSION 1
#define VIEW_NO_COUNTER 0xff /* counter_id: there is no clock here */
#define VIEW_HAS_GENERATION BIT_ULL(8)
#define VIEW_NOTIFIES BIT_ULL(9)

/* Little-endian. All fields of time are 0: the clock's status is unknown. */
struct sysgenid_view {
	__le32 magic;
	__le32 size;
	__le16 version;
	u8 counter_id;
	u8 time_type;
	__le32 seq_count;
	__le64 disruption_marker;
	__le64 flags;
	u8 time[72];
	__le64 vm_generation_counter;
};

/*
 * Twice the generation, and so the same again after a jump of 2^31 numbers. Two more then: one move
 * always changes it. Several moves that are 2^31 numbers together may not; only root of the domain
 * can make them, or 2^31 events.
 */
static u32 view_seq(u32 before, u32 generation)
{
	u32 seq = 2 * generation;

	return seq == before ? seq + 2 : seq;
}

static void view_store(struct sysgenid_view *view, u32 generation)
{
	u32 seq = view_seq(le32_to_cpu(view->seq_count), generation);

	/* Odd while the fields change. */
	WRITE_ONCE(view->seq_count, cpu_to_le32(seq - 1));
	smp_wmb(); /* pairs with the readers' barriers between seq_count and the fields */
	WRITE_ONCE(view->disruption_marker, cpu_to_le64(generation));
	WRITE_ONCE(view->vm_generation_counter, cpu_to_le64(generation));
	smp_wmb(); /* as above */
	WRITE_ONCE(view->seq_count, cpu_to_le32(seq));
}

static void view_fill(struct sysgenid_view *view, u32 generation)
{
	BUILD_BUG_ON(offsetof(struct sysgenid_view, vm_generation_counter) != 0x68);
	view->magic = cpu_to_le32(VIEW_MAGIC);
	view->size = cpu_to_le32(PAGE_SIZE);
	view->version = cpu_to_le16(VIEW_VERSION);
	view->counter_id = VIEW_NO_COUNTER;
	view->flags = cpu_to_le64(VIEW_HAS_GENERATION | VIEW_NOTIFIES);
	/* Not view_store(): there is nothing yet that seq_count must differ from. */
	view->disruption_marker = cpu_to_le64(generation);
	view->vm_generation_counter = cpu_to_le64(generation);
	view->seq_count = cpu_to_le32(2 * generation);
}

int sysgenid_view_make(struct sysgenid_counter *counter)
{
	unsigned long page;

	if (smp_load_acquire(&counter->view)) /* pairs with the release below */
		return 0;
	/* The system's view is nobody's in particular, and stays. */
	page = get_zeroed_page(counter == &sysgenid_system ? GFP_KERNEL : GFP_KERNEL_ACCOUNT);
	if (!page)
		return -ENOMEM;
	spin_lock_irq(&counter->lock);
	if (!counter->view) {
		view_fill((void *)page, sysgenid_counter_generation(counter));
		/* Release: who finds the page finds it filled. */
		smp_store_release(&counter->view, (struct sysgenid_view *)page);
		page = 0;
	}
	spin_unlock_irq(&counter->lock);
	free_page(page);
	return 0;
}

void sysgenid_view_drop(struct sysgenid_counter *counter)
{
	struct sysgenid_view *view;

	/* A device may still store the word of a counter that nobody uses, and report it. */
	spin_lock_irq(&counter->lock);
	view = counter->view;
	counter->view = NULL;
	spin_unlock_irq(&counter->lock);
	/* Not freed while a pipe holds a piece of it. */
	if (view)
		put_page(virt_to_page(view));
}

void sysgenid_view_update(struct sysgenid_counter *counter)
{
	u32 generation;

	lockdep_assert_held(&counter->lock);
	if (!counter->view)
		return;
	generation = sysgenid_counter_generation(counter);
	if (le64_to_cpu(counter->view->vm_generation_counter) != generation)
		view_store(counter->view, generation);
}

u32 sysgenid_view_sync(struct sysgenid_counter *counter, void *copy)
{
	u32 generation;

	spin_lock_irq(&counter->lock);
	sysgenid_view_update(counter);
	generation = le64_to_cpu(counter->view->vm_generation_counter);
	if (copy)
		memcpy(copy, counter->view, sizeof(*counter->view));
	spin_unlock_irq(&counter->lock);
	return generation;
}

struct page *sysgenid_view_page(struct sysgenid_counter *counter)
{
	return virt_to_page(counter->view);
}
