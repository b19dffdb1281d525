/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For other kernel code: requests that the host executes when this machine's state was copied.
 *
 * A *fill* writes fresh random bytes into memory, a *copy* writes bytes that were prepared. With a
 * virtio-rng device that reports entropy leaks that has happened before any CPU of the restored
 * machine runs; docs/vm.md says with which devices, and for how many leaks in a row.
 *
 * The driver gives a request to every such device that is there or comes later, and again after it
 * was executed, after suspend and after the device was bound anew. Without a device nothing
 * happens, ever. Whoever must also know of what could not be reported registers with
 * sysgenid_register_notifier().
 *
 * The memory is the driver's, since a device cannot be made to forget an address: it lives until no
 * device has it any more, which may be after virtio_rng_leak_remove().
 */
#ifndef _VIRTIO_RNG_LEAK_H
#define _VIRTIO_RNG_LEAK_H

#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/*
 * In the whole system, those included that were removed and that a device still has; and the most
 * bytes of each.
 */
#define VIRTIO_RNG_LEAK_REQUESTS 30
#define VIRTIO_RNG_LEAK_BYTES PAGE_SIZE

struct virtio_rng_leak_request {
	/*
	 * Constant; each the beginning of a page that is used for nothing else. What is in them may
	 * change at any moment: a device that reads or writes an aligned word does so at once.
	 * Another device may see a source as it was when it was given to it: where DMA is bounced.
	 */
	void *source; /* NULL for a fill */
	void *destination;
	size_t length;
	/*
	 * A device has executed the request since it was called last, perhaps more than once.
	 * Process context, may sleep, must not remove the request. May be NULL.
	 */
	void (*executed)(struct virtio_rng_leak_request *request);
	void *data; /* the caller's */

	/* the driver's */
	struct kref users; /* the caller, and each queue that holds it */
	struct work_struct work;
	unsigned int place;
	bool removed;
};

/**
 * virtio_rng_leak_add_fill - have memory filled with random bytes at each leak
 * @length: bytes of the destination, 1 to VIRTIO_RNG_LEAK_BYTES
 * @executed: called afterwards; may be NULL
 * @data: for the caller
 *
 * Return: the request, or an ERR_PTR: -EINVAL for a wrong length, -ENOSPC when there are
 * VIRTIO_RNG_LEAK_REQUESTS already, -ENOMEM
 */
struct virtio_rng_leak_request *
virtio_rng_leak_add_fill(size_t length, void (*executed)(struct virtio_rng_leak_request *request),
			 void *data);

/**
 * virtio_rng_leak_add_copy - have prepared bytes copied into memory at each leak
 * @bytes: copied to the request's source
 * @length: as for virtio_rng_leak_add_fill(), and so the other arguments and the result
 * @executed: see there
 * @data: see there
 *
 * Return: see there
 */
struct virtio_rng_leak_request *
virtio_rng_leak_add_copy(const void *bytes, size_t length,
			 void (*executed)(struct virtio_rng_leak_request *request), void *data);

/**
 * virtio_rng_leak_remove - take a request back
 * @request: it and its memory are not the caller's any more
 *
 * When this function returns, ->executed() does not run and never will. Whoever shares the pages
 * holds references of its own. Sleeps.
 */
void virtio_rng_leak_remove(struct virtio_rng_leak_request *request);

#endif /* _VIRTIO_RNG_LEAK_H */
