// SPDX-License-Identifier: GPL-2.0-only
/*
 * The request queue: random bytes on demand, for the kernel's hwrng core and so for /dev/hwrng.
 *
 * One request is always under way or its bytes are waiting, so a reader seldom waits for the
 * device. Bytes that wait may be in a snapshot: so they are used only in the generation in which
 * they were asked for.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "requests.h"
#include "sysgenid.h"

/* Nothing comes from the device until it is started again. The caller wakes readers. */
static void requests_broken(struct vrng_requests *requests)
{
	lockdep_assert_held(&requests->lock);
	if (!requests->gone)
		dev_err(&requests->vq->vdev->dev,
			"the input queue is broken: no random bytes until the driver is unbound "
			"and bound\n");
	requests->gone = true;
}

/*
 * Ask the device for bytes, unless it has been asked or there are some. Returns -ENODEV if none
 * come before the next start. Another error is one of the moment, such as full bounce buffers: the
 * next reader asks again.
 */
static int requests_ask(struct vrng_requests *requests)
{
	struct scatterlist sg;
	int ret;

	lockdep_assert_held(&requests->lock);
	if (requests->gone)
		return -ENODEV;
	if (!requests->vq || requests->pending || requests->left)
		return 0;
	requests->generation = sysgenid_generation();
	sg_init_one(&sg, requests->data, VRNG_DATA_SIZE);
	ret = virtqueue_add_inbuf(requests->vq, &sg, 1, requests->data, GFP_ATOMIC);
	if (!ret) {
		requests->pending = true;
		if (virtqueue_kick(requests->vq))
			return 0;
	}
	if (!virtqueue_is_broken(requests->vq))
		return ret;
	requests_broken(requests);
	return -ENODEV;
}

/* For the virtqueue's callback. */
void vrng_requests_done(struct vrng_requests *requests, struct virtqueue *vq)
{
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&requests->lock, flags);
	/* The device may say any length. */
	if (requests->pending && virtqueue_get_buf(vq, &len)) {
		requests->pending = false;
		requests->filled = min_t(unsigned int, len, VRNG_DATA_SIZE);
		requests->left = requests->filled;
	}
	/* By what the device has put into the ring. */
	if (requests->vq && virtqueue_is_broken(vq))
		requests_broken(requests);
	spin_unlock_irqrestore(&requests->lock, flags);
	wake_up_all(&requests->ready);
}

/* Bytes that are there; 0 if there are none now; else the error of requests_ask(). */
static int requests_take(struct vrng_requests *requests, void *buf, size_t max)
{
	unsigned int taken;
	int error;

	spin_lock_irq(&requests->lock);
	taken = min_t(size_t, max, requests->left);
	memcpy(buf, requests->data + requests->filled - requests->left, taken);
	requests->left -= taken;
	/* After the copy: a restore during it makes the bytes worthless, too. */
	if (sysgenid_generation() != requests->generation) {
		memzero_explicit(buf, taken);
		requests->left = 0;
		taken = 0;
	}
	error = requests_ask(requests);
	spin_unlock_irq(&requests->lock);
	return taken ? taken : error;
}

static bool requests_may_take(struct vrng_requests *requests)
{
	bool yes;

	spin_lock_irq(&requests->lock);
	yes = requests->gone || (requests->vq && !requests->pending);
	spin_unlock_irq(&requests->lock);
	return yes;
}

/* Called by the hwrng core, one reader at a time. Fewer bytes than asked for are allowed. */
static int requests_read(struct hwrng *hwrng, void *buf, size_t max, bool wait)
{
	struct vrng_requests *requests = container_of(hwrng, struct vrng_requests, hwrng);
	int ret;

	for (;;) {
		ret = requests_take(requests, buf, max);
		if (ret || !wait || !max)
			return ret;
		/* A device may give nothing each time, without a pause. */
		if (fatal_signal_pending(current))
			return -ERESTARTSYS;
		ret = wait_event_killable(requests->ready, requests_may_take(requests));
		if (ret)
			return ret;
	}
}

int vrng_requests_init(struct vrng_requests *requests, const char *name)
{
	requests->data = kzalloc(L1_CACHE_ALIGN(VRNG_DATA_SIZE), GFP_KERNEL);
	if (!requests->data)
		return -ENOMEM;
	requests->hwrng.name = name;
	requests->hwrng.read = requests_read;
	/* Of 1024. Whoever runs in a VM relies on its host. */
	requests->hwrng.quality = 1000;
	init_waitqueue_head(&requests->ready);
	spin_lock_init(&requests->lock);
	return 0;
}

void vrng_requests_free(struct vrng_requests *requests)
{
	/* Bytes that the kernel's generator may have been fed with. */
	kfree_sensitive(requests->data);
}

void vrng_requests_start(struct vrng_requests *requests, struct virtqueue *vq)
{
	spin_lock_irq(&requests->lock);
	requests->vq = vq;
	requests->gone = false;
	requests_ask(requests);
	spin_unlock_irq(&requests->lock);
	wake_up_all(&requests->ready);
}

/*
 * Before the device is reset: it is asked for nothing from now on, and what it was asked for does
 * not come. Readers wait for the next start.
 */
void vrng_requests_stop(struct vrng_requests *requests)
{
	spin_lock_irq(&requests->lock);
	requests->vq = NULL;
	requests->pending = false;
	requests->left = 0;
	spin_unlock_irq(&requests->lock);
}

/* Readers stop waiting: there will be no bytes before the next start, if there is one. */
void vrng_requests_end(struct vrng_requests *requests)
{
	spin_lock_irq(&requests->lock);
	requests->gone = true;
	spin_unlock_irq(&requests->lock);
	wake_up_all(&requests->ready);
}
