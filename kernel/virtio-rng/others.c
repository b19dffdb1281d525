// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leak requests of other kernel code: virtio_rng_leak.h. They stand behind the driver's own in each
 * leak queue.
 *
 * Lock order: others_mutex, a device's leak lock, others_lock.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "others.h"
#include "queues.h"

static DEFINE_MUTEX(others_mutex);   /* guards others_devices */
static LIST_HEAD(others_devices);    /* those that are started */
static DEFINE_SPINLOCK(others_lock); /* guards others_table; also taken in interrupts */
/* A place is free again when no device has its request any more. */
static struct virtio_rng_leak_request *others_table[VIRTIO_RNG_LEAK_REQUESTS];

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

static int others_add_to_queue(struct vrng_leak_queue *queue, struct virtio_rng_leak_request **held,
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

static void others_arm_queue(struct vrng_leak *leak, struct vrng_leak_queue *queue)
{
	struct virtio_rng_leak_request *request;
	unsigned int i;

	for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
		request = others_table[i];
		if (!request || request->removed || queue->others[i] ||
		    others_held_elsewhere(leak, queue, i))
			continue;
		/* What fails is tried again each time. */
		if (others_add_to_queue(queue, &queue->others[i], request))
			continue;
		kref_get(&request->users);
		queue->others[i] = request;
	}
}

/* Puts requests on all queues that are armed: with the DMA API on the next one only. */
void vrng_others_arm(struct vrng_leak *leak)
{
	unsigned int i;

	lockdep_assert_held(&leak->lock);
	if (!leak->serves_others)
		return;
	spin_lock(&others_lock);
	for (i = 0; i < VRNG_LEAK_QUEUES; i++) {
		if (i == leak->next || (leak->latches && leak->direct))
			others_arm_queue(leak, &leak->queues[i]);
	}
	spin_unlock(&others_lock);
}

void vrng_others_kick(struct vrng_leak *leak)
{
	unsigned int i;

	for (i = 0; i < VRNG_LEAK_QUEUES; i++)
		virtqueue_kick(leak->queues[i].vq);
}

/* The device gets requests that are added from now on. */
void vrng_others_start(struct vrng_leak *leak)
{
	mutex_lock(&others_mutex);
	list_add_tail(&leak->node, &others_devices);
	mutex_unlock(&others_mutex);
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

/* The device was reset: it has nothing any more. */
void vrng_others_stop(struct vrng_leak *leak)
{
	struct virtio_rng_leak_request **held;
	unsigned int i, queue;

	mutex_lock(&others_mutex);
	list_del(&leak->node);
	mutex_unlock(&others_mutex);
	for (queue = 0; queue < VRNG_LEAK_QUEUES; queue++) {
		for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
			held = &leak->queues[queue].others[i];
			if (*held)
				others_put(*held);
			*held = NULL;
		}
	}
}

static int others_enter(struct virtio_rng_leak_request *request)
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

static void others_call(struct work_struct *work)
{
	struct virtio_rng_leak_request *request =
		container_of(work, struct virtio_rng_leak_request, work);

	request->executed(request);
}

static void others_arm_now(struct vrng_leak *leak)
{
	spin_lock_irq(&leak->lock);
	if (!leak->stopped) {
		vrng_others_arm(leak);
		vrng_others_kick(leak);
	}
	spin_unlock_irq(&leak->lock);
}

static struct virtio_rng_leak_request *
others_add(const void *bytes, size_t length,
	   void (*executed)(struct virtio_rng_leak_request *request), void *data)
{
	struct virtio_rng_leak_request *request;
	struct vrng_leak *leak;
	int ret = -ENOMEM;

	if (!length || length > VIRTIO_RNG_LEAK_BYTES)
		return ERR_PTR(-EINVAL);
	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return ERR_PTR(-ENOMEM);
	request->destination = (void *)get_zeroed_page(GFP_KERNEL);
	if (!request->destination)
		goto err_request;
	if (bytes) {
		request->source = (void *)get_zeroed_page(GFP_KERNEL);
		if (!request->source)
			goto err_destination;
		memcpy(request->source, bytes, length);
	}
	request->length = length;
	request->executed = executed;
	request->data = data;
	kref_init(&request->users);
	INIT_WORK(&request->work, others_call);
	ret = others_enter(request);
	if (ret)
		goto err_source;

	mutex_lock(&others_mutex);
	list_for_each_entry(leak, &others_devices, node)
		others_arm_now(leak);
	mutex_unlock(&others_mutex);
	return request;

err_source:
	free_page((unsigned long)request->source);
err_destination:
	free_page((unsigned long)request->destination);
err_request:
	kfree(request);
	return ERR_PTR(ret);
}

struct virtio_rng_leak_request *
virtio_rng_leak_add_fill(size_t length, void (*executed)(struct virtio_rng_leak_request *request),
			 void *data)
{
	return others_add(NULL, length, executed, data);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_add_fill);

struct virtio_rng_leak_request *
virtio_rng_leak_add_copy(const void *bytes, size_t length,
			 void (*executed)(struct virtio_rng_leak_request *request), void *data)
{
	return others_add(bytes, length, executed, data);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_add_copy);

void virtio_rng_leak_remove(struct virtio_rng_leak_request *request)
{
	spin_lock_irq(&others_lock);
	request->removed = true;
	spin_unlock_irq(&others_lock);
	cancel_work_sync(&request->work);
	others_put(request);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_remove);
