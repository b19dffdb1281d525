// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leak requests of other kernel code. They stand behind the driver's own in each leak queue.
 *
 * Lock order: devices_lock, a device's leak lock, table_lock.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "vrng.h"

static DEFINE_MUTEX(devices_lock);  /* guards devices */
static LIST_HEAD(devices);	    /* those that are started */
static DEFINE_SPINLOCK(table_lock); /* guards table; also taken in interrupts */
/* Those that are not released: a place is free again when no device has the request any more. */
static struct virtio_rng_leak_request *table[VIRTIO_RNG_LEAK_REQUESTS];

/* Any context: the last user may be a device. */
static void release(struct kref *users)
{
	struct virtio_rng_leak_request *request =
		container_of(users, struct virtio_rng_leak_request, users);
	unsigned long flags;

	spin_lock_irqsave(&table_lock, flags);
	table[request->place] = NULL;
	spin_unlock_irqrestore(&table_lock, flags);
	if (request->source) {
		memzero_explicit(request->source, request->length);
		put_page(virt_to_page(request->source));
	}
	memzero_explicit(request->destination, request->length);
	put_page(virt_to_page(request->destination));
	kfree(request);
}

static void put_request(struct virtio_rng_leak_request *request)
{
	kref_put(&request->users, release);
}

/* What the driver asks for. The caller holds the leak lock. */

static int give(struct vrng_leak_queue *queue, struct virtio_rng_leak_request **held,
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
static bool held_elsewhere(struct vrng_leak *leak, struct vrng_leak_queue *queue, unsigned int i)
{
	struct vrng_leak_queue *other = &leak->queues[queue == leak->queues ? 1 : 0];

	return !leak->direct && other->others[i];
}

/* Put all requests on the queue that may be there and are not. What fails is tried again each time. */
void vrng_api_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue)
{
	struct virtio_rng_leak_request *request;
	unsigned int i;

	lockdep_assert_held(&leak->lock);
	if (!leak->serves_others)
		return;
	spin_lock(&table_lock);
	for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
		request = table[i];
		if (!request || request->removed || queue->others[i] ||
		    held_elsewhere(leak, queue, i))
			continue;
		if (give(queue, &queue->others[i], request))
			continue;
		kref_get(&request->users);
		queue->others[i] = request;
	}
	spin_unlock(&table_lock);
}

/* A request has come back. */
void vrng_api_executed(struct vrng_leak_queue *queue, void *token)
{
	struct virtio_rng_leak_request **held = token, *request = *held;

	*held = NULL;
	spin_lock(&table_lock);
	if (!request->removed && request->executed)
		schedule_work(&request->work);
	spin_unlock(&table_lock);
	put_request(request);
}

/* Life of a device: start, (the device is reset, the queues stay), stop */

void vrng_api_start(struct vrng_leak *leak)
{
	mutex_lock(&devices_lock);
	list_add_tail(&leak->node, &devices);
	mutex_unlock(&devices_lock);
}

void vrng_api_stop(struct vrng_leak *leak)
{
	struct virtio_rng_leak_request **held;
	unsigned int i, queue;

	mutex_lock(&devices_lock);
	list_del(&leak->node);
	mutex_unlock(&devices_lock);
	for (queue = 0; queue < VRNG_LEAK_QUEUES; queue++) {
		for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
			held = &leak->queues[queue].others[i];
			if (*held)
				put_request(*held);
			*held = NULL;
		}
	}
}

/* What other kernel code calls */

static void call(struct work_struct *work)
{
	struct virtio_rng_leak_request *request =
		container_of(work, struct virtio_rng_leak_request, work);

	request->executed(request);
}

static int enter(struct virtio_rng_leak_request *request)
{
	int i, ret = -ENOSPC;

	spin_lock_irq(&table_lock);
	for (i = 0; i < VIRTIO_RNG_LEAK_REQUESTS; i++) {
		if (table[i])
			continue;
		request->place = i;
		table[i] = request;
		ret = 0;
		break;
	}
	spin_unlock_irq(&table_lock);
	return ret;
}

static struct virtio_rng_leak_request *
add(const void *bytes, size_t length, void (*executed)(struct virtio_rng_leak_request *request),
    void *data)
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
	INIT_WORK(&request->work, call);
	ret = enter(request);
	if (ret)
		goto err_source;

	mutex_lock(&devices_lock);
	list_for_each_entry (leak, &devices, node)
		vrng_leak_arm_others(leak);
	mutex_unlock(&devices_lock);
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
	return add(NULL, length, executed, data);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_add_fill);

struct virtio_rng_leak_request *
virtio_rng_leak_add_copy(const void *bytes, size_t length,
			 void (*executed)(struct virtio_rng_leak_request *request), void *data)
{
	return add(bytes, length, executed, data);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_add_copy);

void virtio_rng_leak_remove(struct virtio_rng_leak_request *request)
{
	spin_lock_irq(&table_lock);
	request->removed = true;
	spin_unlock_irq(&table_lock);
	/* Nobody schedules it from here on. */
	cancel_work_sync(&request->work);
	put_request(request);
}
EXPORT_SYMBOL_GPL(virtio_rng_leak_remove);
