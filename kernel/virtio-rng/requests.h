/* SPDX-License-Identifier: GPL-2.0-only */
/* The request queue, and hwrng, which it serves. */
#ifndef VRNG_REQUESTS_H
#define VRNG_REQUESTS_H

#include <linux/hw_random.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/virtio.h>
#include <linux/wait.h>

#define VRNG_DATA_SIZE 64 /* what the hwrng core asks for at a time */

struct vrng_requests {
	struct hwrng hwrng;
	wait_queue_head_t ready; /* readers, until there are bytes or none will come */
	u8 *data; /* VRNG_DATA_SIZE bytes, in a cache line of their own for the device */

	spinlock_t lock;      /* guards all below */
	struct virtqueue *vq; /* NULL while suspended */
	bool pending;	      /* @data is in the device's hands */
	bool gone;	      /* there will be no more bytes before the next start */
	unsigned int left;    /* bytes of @data that nobody has had, at its end */
	unsigned int filled;  /* bytes that the device gave */
	/* when they were asked for; of another generation they exist twice and are dropped */
	u32 generation;
};

int vrng_requests_init(struct vrng_requests *requests, const char *name);
void vrng_requests_free(struct vrng_requests *requests);
void vrng_requests_start(struct vrng_requests *requests, struct virtqueue *vq);
void vrng_requests_stop(struct vrng_requests *requests);
void vrng_requests_end(struct vrng_requests *requests);
void vrng_requests_done(struct vrng_requests *requests, struct virtqueue *vq);

#endif /* VRNG_REQUESTS_H */
