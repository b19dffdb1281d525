// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-rng-leak-pci: the two leak queues, and what a leak does to them
 */
#include "qemu/osdep.h"
#include "virtio-rng-leak.h"

static bool leak_ready(VirtIORNGLeak *leak)
{
	VirtIODevice *vdev = VIRTIO_DEVICE(leak);

	return virtio_vdev_has_feature(vdev, VIRTIO_RNG_F_LEAK) &&
	       (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK);
}

static bool leak_latches(VirtIORNGLeak *leak)
{
	return virtio_vdev_has_feature(VIRTIO_DEVICE(leak), VIRTIO_RNG_F_LEAK_LATCH);
}

/*
 * Executes and returns the buffers of one queue; true if there were any. The ring's size bounds
 * it: a guest that adds buffers as fast as they are returned must not hold the main loop.
 */
static bool leak_run_queue(VirtIORNGLeak *leak, uint8_t index)
{
	VirtIODevice *vdev = VIRTIO_DEVICE(leak);
	VirtQueue *vq = leak->vq[index];
	int room = virtio_queue_get_num(vdev, index);
	bool any = false;

	while (room-- > 0) {
		g_autofree VirtQueueElement *elem = virtqueue_pop(vq, sizeof(*elem));

		if (!elem || !virtio_rng_leak_execute(leak, vq, elem))
			break;
		any = true;
	}
	if (any)
		virtio_notify(vdev, vq);
	return any;
}

static void leak_switch_queue(VirtIORNGLeak *leak)
{
	leak->active = 3 - leak->active;
}

/* With latch: a leak that waited has got a buffer. */
static bool leak_run_latched(VirtIORNGLeak *leak)
{
	if (!leak->latched || !leak_run_queue(leak, leak->active))
		return false;
	leak->latched--;
	leak->executed++;
	leak_switch_queue(leak);
	return true;
}

/*
 * Buffers have arrived: execute those that must not wait for the next leak. Each queue gets one
 * turn; what a running guest adds meanwhile is left to a bottom half, so that this comes to an end.
 */
void virtio_rng_leak_arrivals(void *opaque)
{
	VirtIORNGLeak *leak = opaque;
	bool more;

	if (!leak->running || !leak_ready(leak))
		return;
	if (leak_latches(leak)) {
		more = leak_run_latched(leak) && leak_run_latched(leak) && leak->latched &&
		       !virtio_queue_empty(leak->vq[leak->active]);
	} else {
		uint8_t other = 3 - leak->active;

		more = leak->signalled && leak_run_queue(leak, other) &&
		       !virtio_queue_empty(leak->vq[other]);
	}
	if (more)
		qemu_bh_schedule(leak->again);
}

/* One leak, now. */
void virtio_rng_leak_now(VirtIORNGLeak *leak)
{
	bool ready = leak_ready(leak);
	bool any = ready && leak_run_queue(leak, leak->active);

	leak->leaks++;
	leak->executed += any;
	if (leak_latches(leak)) {
		/* Also before DRIVER_OK: the driver learns of it with its first buffer. */
		if (any)
			leak_switch_queue(leak);
		else if (leak->latched < LEAK_WAITING_MAX)
			leak->latched++;
	} else if (ready) {
		leak_switch_queue(leak);
		leak->signalled = true;
	}
}

void virtio_rng_leak_handle_output(VirtIODevice *vdev, VirtQueue *vq)
{
	VirtIORNGLeak *leak = VIRTIO_RNG_LEAK(vdev);

	if (leak->running && leak->on_arrival) {
		leak->on_arrival--;
		virtio_rng_leak_now(leak);
	}
	virtio_rng_leak_arrivals(leak);
}

void virtio_rng_leak_run_pending(void *opaque)
{
	VirtIORNGLeak *leak = opaque;

	for (; leak->pending; leak->pending--)
		virtio_rng_leak_now(leak);
}
