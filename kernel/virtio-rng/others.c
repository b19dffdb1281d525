// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leak requests of other kernel code. They stand behind the driver's own in each leak queue.
 *
 * Lock order: a device's leak lock, others_lock.
 */
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "others.h"
#include "queues.h"

static DEFINE_SPINLOCK(others_lock); /* guards table; also taken in interrupts */
/* Those that are not released: a place is free again when no device has the request any more. */
static struct virtio_rng_leak_request *others_table[VIRTIO_RNG_LEAK_REQUESTS];

/* Any context: the last user may be a device. */
static void others_release(struct kref *users)
{
	struct virtio_rng_leak_request *request =
		container_of(users, struct virtio_rng_leak_request, users);
	unsigned long flags;

	spin_lock_irqsave(&others_lock, flags);
	others_table[request->place] = NULL;
	spin_unlock_irqrestore(&others_lock, flags);
	if (request->source) {
		memzero_explicit(request->source, request->length);
		put_page(virt_to_page(request->source));
	}
	memzero_explicit(request->destination, request->length);
	put_page(virt_to_page(request->destination));
	kfree(request);
}

static void others_put(struct virtio_rng_leak_request *request)
{
	kref_put(&request->users, others_release);
}

static int others_give(struct vrng_leak_queue *queue, struct virtio_rng_leak_request **held,
		       struct virtio_rng_leak_request *request)
{
	struct scatterlist from, to, *sgs[] = { &from, &to };

	sg_init_one(&to, request->destination, request->length);
	if (!request->source)
		return virtqueue_add_inbuf(queue->vq, &to, 1, held, GFP_ATOMIC);
	sg_init_one(&from, request->source, request->length);
	return virtqueue_add_sgs(queue->vq, sgs, 1, 1, held, GFP_ATOMIC);
}

/* With the DMA API only one queue may have a request. */
static bool others_held_elsewhere(struct vrng_leak *leak, struct vrng_leak_queue *queue,
				  unsigned int i)
{
	struct vrng_leak_queue *other = &leak->queues[queue == leak->queues ? 1 : 0];

	return !leak->direct && other->others[i];
}

/*
 * Put all requests on the queue that may be there and are not. What fails is tried again each time.
 */
void vrng_others_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue)
{
	struct virtio_rng_leak_request *request;
	unsigned int i;

	lockdep_assert_held(&leak->lock);
	if (!leak->serves_others)
		return;
	spin_lock(&others_lock);
	for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
		request = others_table[i];
		if (!request || request->removed || queue->others[i] ||
		    others_held_elsewhere(leak, queue, i))
			continue;
		if (others_give(queue, &queue->others[i], request))
			continue;
		kref_get(&request->users);
		queue->others[i] = request;
	}
	spin_unlock(&others_lock);
}

/* A request has come back. */
void vrng_others_executed(struct vrng_leak_queue *queue, void *token)
{
	struct virtio_rng_leak_request **held = token, *request = *held;

	*held = NULL;
	spin_lock(&others_lock);
	if (!request->removed && request->executed)
		schedule_work(&request->work);
	spin_unlock(&others_lock);
	others_put(request);
}

int vrng_others_enter(struct virtio_rng_leak_request *request)
{
	int i, ret = -ENOSPC;

	spin_lock_irq(&others_lock);
	for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
		if (others_table[i])
			continue;
		request->place = i;
		others_table[i] = request;
		ret = 0;
		break;
	}
	spin_unlock_irq(&others_lock);
	return ret;
}

/* Nobody gives it to a device any more, or reports it. The caller's reference goes. Sleeps. */
void vrng_others_remove(struct virtio_rng_leak_request *request)
{
	spin_lock_irq(&others_lock);
	request->removed = true;
	spin_unlock_irq(&others_lock);
	cancel_work_sync(&request->work);
	others_put(request);
}

/* The device was reset: it has nothing any more. */
void vrng_others_stop(struct vrng_leak *leak)
{
	struct virtio_rng_leak_request **held;
	unsigned int i, queue;

	for (queue = 0; queue < VRNG_LEAK_QUEUES; queue++) {
		for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
			held = &leak->queues[queue].others[i];
			if (*held)
				others_put(*held);
			*held = NULL;
		}
	}
}
