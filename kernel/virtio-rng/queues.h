/* SPDX-License-Identifier: GPL-2.0-only */
/* The leak queues: what the parts of the driver that use them keep for them. */
#ifndef VRNG_QUEUES_H
#define VRNG_QUEUES_H

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/virtio.h>
#include <linux/workqueue.h>

#include "sysgenid_writer.h"
#include "virtio_rng_leak.h"

/* Feature bits of the RFC of January 2023 for the virtio specification, and of this project. */
#define VIRTIO_RNG_F_LEAK 0	  /* leak queues */
#define VIRTIO_RNG_F_LEAK_LATCH 1 /* experimental: requests and leaks wait for each other */

#define VRNG_LEAK_QUEUES 2
#define VRNG_FILL_SIZE 64
#define VRNG_COVERS 64 /* domains whose words a device stores, at most */

struct vrng_source {
	u32 word;
} ____cacheline_aligned;

/* What the device reads and writes: cache lines of their own. */
struct vrng_leak_buffers {
	u8 fill[VRNG_FILL_SIZE] ____cacheline_aligned;
	struct vrng_source source;
	struct vrng_source covers[VRNG_COVERS]; /* domains.c */
};

struct vrng_leak_queue {
	struct virtqueue *vq;
	struct sysgenid_slot slot;
	struct vrng_leak_buffers *buffers;
	/* leak.c: own requests that could not be added, LEAK_*; guarded by the leak lock */
	unsigned int missing;
	/* others.c: those that the device has, by place in its table; guarded by the leak lock */
	struct virtio_rng_leak_request *others[VIRTIO_RNG_LEAK_REQUESTS];

	/* domains.c: one for each place in leak->covers; guarded by the leak lock */
	struct sysgenid_slot covers[VRNG_COVERS];
	DECLARE_BITMAP(held, VRNG_COVERS);  /* the device has them */
	DECLARE_BITMAP(alone, VRNG_COVERS); /* it got them without the driver's own */
	DECLARE_BITMAP(came, VRNG_COVERS);  /* have come back since the last look */
};

/* A domain whose word the device moves. */
struct vrng_cover {
	struct sysgenid_counter *counter;
	struct page *page;
};

struct vrng_leak {
	struct sysgenid_writer writer;
	struct page *page; /* of the generation word */
	/* Constant from start to stop: */
	bool present;		  /* the device reports leaks */
	bool latches;		  /* leaks wait until the last one was handled */
	bool direct;		  /* it stores the word; if not, the interrupt's handler moves it */
	bool serves_others;	  /* there is room for requests of other kernel code */
	unsigned int cover_limit; /* domains that there is room for */
	struct list_head node;	  /* others.c: its list of devices */
	struct work_struct more;  /* goes on with a harvest that was too long */
	struct delayed_work again; /* adds what could not be added */

	spinlock_t lock; /* guards the virtqueues and all below; taken outside the counter's lock */
	struct vrng_leak_queue queues[VRNG_LEAK_QUEUES];
	unsigned int next; /* the queue whose requests come back next */
	bool stopped;
	unsigned int tries; /* times that @again has failed, one after the other */
	bool broken;	    /* coverage has ended until the device is started again */
	u64 reports;	    /* times that executed requests came back */
	struct vrng_cover covers[VRNG_COVERS];
	unsigned int cover_count; /* only grows until the device is reset */
};

#endif /* VRNG_QUEUES_H */
