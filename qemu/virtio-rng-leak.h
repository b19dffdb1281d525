// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-rng-leak-pci: a virtio-rng device that tells its guest about entropy leaks
 *
 * The request queue is QEMU's own virtio-rng, which this device extends. Two more queues carry
 * requests that wait until the machine's state has been copied ("leaked"): a snapshot was taken
 * of it, or it was restored from one. Such requests are executed before any vCPU runs again.
 *
 * What guest and device agree on (README.md beside this file has the rules in words):
 *
 *	#define VIRTIO_RNG_F_LEAK	0	// feature bit: leak queues
 *	#define VIRTIO_RNG_F_LEAK_LATCH	1	// feature bit, experimental; needs bit 0
 *	virtqueue 0			request queue
 *	virtqueue 1, 2			leak queues; 1 is active after reset
 *	65536				most bytes that one leak request may fill or copy
 *
 * Locking: everything here runs under the BQL (queue handlers in the main loop, run-state
 * handlers, QMP). Guest vCPUs run at the same time and may look at guest memory at any moment,
 * but not at the device's registers: reading device_status waits until a leak was executed.
 */
#ifndef VIRTIO_RNG_LEAK_H
#define VIRTIO_RNG_LEAK_H

#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "hw/virtio/virtio-rng.h"

#define VIRTIO_RNG_F_LEAK 0
#define VIRTIO_RNG_F_LEAK_LATCH 1

#define LEAK_QUEUE_SIZE 128    /* descriptors a leak queue; indirect ones do not count */
#define LEAK_REQUEST_MAX 65536 /* bytes one request may fill or copy */
#define LEAK_TRIGGER_MAX 1024  /* leaks one write to trigger-leak may cause */
#define LEAK_WAITING_MAX 65535 /* leaks that may wait; more coalesce with the last */

/* Properties: what differs between QEMU 7.2 and 10.0 */
#if QEMU_VERSION_MAJOR >= 10
#define LEAK_PROPERTIES_END
#define leak_set_props(dc, props) device_class_set_props(dc, props)
#else
#define LEAK_PROPERTIES_END DEFINE_PROP_END_OF_LIST(),
#define leak_set_props(dc, props) device_class_set_props(dc, (Property *)(props))
#endif

#define TYPE_VIRTIO_RNG_LEAK "virtio-rng-leak-device"
OBJECT_DECLARE_SIMPLE_TYPE(VirtIORNGLeak, VIRTIO_RNG_LEAK)

struct VirtIORNGLeak {
	VirtIORNG parent_obj;

	VirtQueue *vq[3];  /* 1 and 2: the leak queues */
	uint64_t features; /* offered: properties leak and latch */
	bool leak_on_load;
	bool leak_on_save;
	uint32_t delay_ms;
	uint16_t queue_size; /* for tests: descriptors a leak queue, 0: as many as usual */

	/* The guest's view: migrated, reset with the device. */
	uint8_t active;	  /* the queue that the next leak uses, 1 or 2 */
	bool signalled;	  /* without latch: the other queue's buffers are executed on arrival */
	uint32_t latched; /* with latch: leaks that wait for a buffer */

	uint32_t pending; /* leaks to execute before the vCPUs run; migrated, survives a reset */

	/* This process only. */
	bool saved;   /* the state was saved: a leak, should this VM run on */
	bool running; /* as told to the run-state handlers; if not, guest memory is left alone */
	QEMUTimer *delay_timer;
	QEMUBH *again;
	VMChangeStateEntry *vm_state;

	uint32_t on_arrival; /* for tests: leaks that happen when the driver tells of buffers */

	/* For observers: never reset, not migrated. */
	uint64_t leaks;	   /* leaks that happened */
	uint64_t executed; /* leaks that executed at least one request */
	uint64_t requests; /* requests executed */
};

/*
 * virtio-rng-leak-request.c: executes and returns one request of a leak queue. On failure the
 * device needs a reset, and nothing of the request was written, or not all.
 */
bool virtio_rng_leak_execute(VirtIORNGLeak *leak, VirtQueue *vq, VirtQueueElement *elem);

/* virtio-rng-leak-queue.c: one leak, now */
void virtio_rng_leak_now(VirtIORNGLeak *leak);

/* Executes the leaks that are pending; opaque: the VirtIORNGLeak. */
void virtio_rng_leak_run_pending(void *opaque);

/* Executes buffers that have arrived and must not wait for the next leak; opaque: as above. */
void virtio_rng_leak_arrivals(void *opaque);

/* The driver has told of buffers in a leak queue. */
void virtio_rng_leak_handle_output(VirtIODevice *vdev, VirtQueue *vq);

#endif
