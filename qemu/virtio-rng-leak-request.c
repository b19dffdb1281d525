// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virtio-rng-leak-pci: one request of a leak queue, which is checked, executed and returned
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/iov.h"
#include "qemu/rcu.h"
#include "crypto/random.h"
#include "exec/memory.h"
#include "virtio-rng-leak.h"

/*
 * An aligned word is read by one 32-bit load and written by one 32-bit store: a torn copy could
 * recreate a value that was used before. Release: words appear in the order of the request.
 */
static void leak_copy_bytes(uint8_t *dst, const uint8_t *src, size_t len)
{
	while (len) {
		size_t n = 1;

		if (len >= 4 && !(((uintptr_t)dst | (uintptr_t)src) & 3)) {
			n = 4;
			qatomic_store_release((uint32_t *)dst, qatomic_read((uint32_t *)src));
		} else {
			*dst = *src;
		}
		dst += n;
		src += n;
		len -= n;
	}
}

/* Copies all device-readable segments to the device-writable ones; same total length. */
static void leak_copy(VirtQueueElement *elem)
{
	unsigned int s = 0, d = 0;
	size_t soff = 0, doff = 0;

	while (d < elem->in_num) {
		const struct iovec *src = &elem->out_sg[s], *dst = &elem->in_sg[d];
		size_t n = MIN(src->iov_len - soff, dst->iov_len - doff);

		leak_copy_bytes(dst->iov_base + doff, src->iov_base + soff, n);
		soff += n;
		doff += n;
		if (soff == src->iov_len) {
			s++;
			soff = 0;
		}
		if (doff == dst->iov_len) {
			d++;
			doff = 0;
		}
	}
}

/* From a synchronous source: an rng backend would answer when the vCPUs run again. */
static bool leak_fill(VirtQueueElement *elem)
{
	for (unsigned int i = 0; i < elem->in_num; i++) {
		Error *err = NULL;

		if (qcrypto_random_bytes(elem->in_sg[i].iov_base, elem->in_sg[i].iov_len, &err)) {
			error_report_err(err);
			return false;
		}
	}
	return true;
}

/*
 * What is not RAM was mapped through a bounce buffer. Writing that back would be DMA to a device,
 * this one perhaps, in the middle of its own work.
 */
static bool leak_in_ram(const struct iovec *sg, unsigned int num)
{
	ram_addr_t offset;

	RCU_READ_LOCK_GUARD();
	for (unsigned int i = 0; i < num; i++) {
		if (!memory_region_from_host(sg[i].iov_base, &offset))
			return false;
	}
	return true;
}

/* Returns what is wrong with a request, NULL if it is a proper one. */
static const char *leak_check_request(VirtQueueElement *elem)
{
	size_t out = iov_size(elem->out_sg, elem->out_num);
	size_t in = iov_size(elem->in_sg, elem->in_num);

	if (out && out != in)
		return "source and destination differ in length";
	if (in > LEAK_REQUEST_MAX)
		return "request is too long";
	if (!leak_in_ram(elem->out_sg, elem->out_num) || !leak_in_ram(elem->in_sg, elem->in_num))
		return "address outside RAM";
	return NULL;
}

bool virtio_rng_leak_execute(VirtIORNGLeak *leak, VirtQueue *vq, VirtQueueElement *elem)
{
	VirtIODevice *vdev = VIRTIO_DEVICE(leak);
	const char *wrong = leak_check_request(elem);

	if (!wrong) {
		if (elem->out_num)
			leak_copy(elem);
		else if (!leak_fill(elem))
			wrong = "the host has no random bytes";
	}
	if (wrong) {
		virtio_error(vdev, "virtio-rng-leak: queue %d: %s", virtio_get_queue_index(vq),
			     wrong);
		virtqueue_detach_element(vq, elem, 0);
		return false;
	}
	/* The length also marks the destination dirty for migration and translated code. */
	virtqueue_push(vq, elem, iov_size(elem->in_sg, elem->in_num));
	leak->requests++;
	return true;
}
