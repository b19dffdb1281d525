// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generation words of domains other than the system's. Each has a request of its own in each
 * leak queue, behind the driver's own: "copy a number that nobody has seen there into this word".
 * virtio cannot take a request back, so a word is stored until the device is reset, whether its
 * domain is in use or waits in the pool.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "domains.h"
#include "queues.h"
#include "sysgenid.h"

int vrng_domains_arm_copy(struct virtqueue *vq, struct sysgenid_slot *slot, struct page *page)
{
	struct scatterlist from, to, *sgs[] = { &from, &to };
	int ret;

	sg_init_one(&from, slot->source, sizeof(u32));
	sg_init_table(&to, 1);
	sg_set_page(&to, page, sizeof(u32), offsetof(struct sysgenid_page, generation));
	sysgenid_slot_arm(slot);
	ret = virtqueue_add_sgs(vq, sgs, 1, 1, slot, GFP_ATOMIC);
	if (ret)
		sysgenid_slot_drop(slot);
	return ret;
}

/*
 * Puts on the queue what is not there. What fails is tried again each time, and found missing when
 * the queue comes back. @alone: the driver's own requests are not put there at the same time.
 */
void vrng_domains_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue, bool alone)
{
	unsigned int i;

	lockdep_assert_held(&leak->lock);
	for (i = 0; i < leak->cover_count; i++) {
		if (test_bit(i, queue->held) ||
		    vrng_domains_arm_copy(queue->vq, &queue->covers[i], leak->covers[i].page))
			continue;
		__set_bit(i, queue->held);
		__assign_bit(i, queue->alone, alone);
	}
}

/* Returns whether what has come back was one of these, and whether it stood alone. */
bool vrng_domains_executed(struct vrng_leak *leak, struct vrng_leak_queue *queue, void *token,
			   bool *alone)
{
	struct sysgenid_slot *slot = token;
	unsigned int i;

	if (slot < queue->covers || slot >= queue->covers + VRNG_COVERS)
		return false;
	i = slot - queue->covers;
	sysgenid_slot_executed(slot);
	__clear_bit(i, queue->held);
	__set_bit(i, queue->came);
	*alone = test_bit(i, queue->alone);
	return true;
}

/* The queue has come back: an event moves the words of those that have not. */
void vrng_domains_find_missed(struct vrng_leak *leak, struct vrng_leak_queue *queue)
{
	unsigned int i;

	lockdep_assert_held(&leak->lock);
	for (i = 0; i < leak->cover_count; i++) {
		if (!test_bit(i, queue->came))
			sysgenid_slot_missed(&queue->covers[i]);
	}
	bitmap_zero(queue->came, VRNG_COVERS);
}

static bool domains_add(struct vrng_leak *leak, struct sysgenid_counter *counter, struct page *page)
{
	struct vrng_leak_queue *queue;
	unsigned int i, to;

	lockdep_assert_held(&leak->lock);
	if (leak->stopped || leak->broken || leak->cover_count == leak->cover_limit)
		return false;
	for (i = 0; i < leak->cover_count; i++) {
		if (leak->covers[i].counter == counter)
			return false;
	}
	i = leak->cover_count++;
	leak->covers[i].counter = counter;
	leak->covers[i].page = page;
	for (to = 0; to < VRNG_LEAK_QUEUES; to++) {
		queue = &leak->queues[to];
		sysgenid_slot_init(&queue->covers[i], counter, &queue->buffers->covers[i].word);
		/* A plain device gets it with the queue that is armed. */
		if (to != leak->next && !leak->latches)
			continue;
		vrng_domains_arm(leak, queue, true);
		virtqueue_kick(queue->vq);
	}
	return true;
}

bool vrng_domains_cover(struct sysgenid_writer *writer, struct sysgenid_counter *counter,
			struct page *page)
{
	struct vrng_leak *leak = container_of(writer, struct vrng_leak, writer);
	bool ret;

	spin_lock_irq(&leak->lock);
	ret = domains_add(leak, counter, page);
	spin_unlock_irq(&leak->lock);
	return ret;
}

/* The device was reset, and nobody else uses any of this. */
void vrng_domains_drop(struct sysgenid_writer *writer)
{
	struct vrng_leak *leak = container_of(writer, struct vrng_leak, writer);
	struct vrng_leak_queue *queue;
	unsigned int i, count = leak->cover_count;

	for (queue = leak->queues; queue < leak->queues + VRNG_LEAK_QUEUES; queue++) {
		sysgenid_slot_drop(&queue->slot);
		for (i = 0; i < count; i++)
			sysgenid_slot_drop(&queue->covers[i]);
		bitmap_zero(queue->held, VRNG_COVERS);
		bitmap_zero(queue->came, VRNG_COVERS);
	}
	/* Readers of sysfs take no lock. */
	WRITE_ONCE(leak->cover_count, 0);
	for (i = 0; i < count; i++)
		sysgenid_uncovered(leak->covers[i].counter);
}

/*
 * Before the device is started. @descriptors: of each queue, for domains. Without indirect ones a
 * copy takes two.
 */
void vrng_domains_prepare(struct vrng_leak *leak, struct virtio_device *vdev,
			  unsigned int descriptors)
{
	bool indirect = virtio_has_feature(vdev, VIRTIO_RING_F_INDIRECT_DESC);

	leak->cover_limit = min_t(unsigned int, VRNG_COVERS, descriptors / (indirect ? 1 : 2));
	if (!leak->direct)
		leak->cover_limit = 0;
	leak->writer.room = leak->cover_limit;
}
