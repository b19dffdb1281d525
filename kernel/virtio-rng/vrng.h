/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtio-rng driver: one struct a part, each with a file of its own. */
#ifndef SYSGENID_VRNG_H
#define SYSGENID_VRNG_H

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/hw_random.h>
#include <linux/kobject.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/virtio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "sysgenid_writer.h"
#include "virtio_rng_leak.h"

/* Feature bits of the RFC of January 2023 for the virtio specification, and of this project. */
#define VIRTIO_RNG_F_LEAK 0	  /* leak queues */
#define VIRTIO_RNG_F_LEAK_LATCH 1 /* experimental: requests and leaks wait for each other */

#define VRNG_LEAK_QUEUES 2
#define VRNG_COVERS 64 /* domains whose words a device stores, at most */

/* requests.c: the request queue, and hwrng, which it serves */

#define VRNG_DATA_SIZE 64 /* what the hwrng core asks for at a time */

struct vrng_requests {
	struct hwrng hwrng;
	wait_queue_head_t ready; /* readers, until there are bytes or there never will be */
	u8 *data; /* VRNG_DATA_SIZE bytes, in a cache line of their own for the device */

	spinlock_t lock;      /* guards all below */
	struct virtqueue *vq; /* NULL while suspended */
	bool pending;	      /* @data is in the device's hands */
	bool gone;	      /* there will be no more bytes */
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
void vrng_requests_done(struct virtqueue *vq);

/* leak.c: the leak queues, and the generation word, which they move */

/* What the device reads and writes: cache lines of their own. */
struct vrng_leak_buffers {
	u32 source ____cacheline_aligned;
	u8 fill[VRNG_DATA_SIZE] ____cacheline_aligned;
};

struct vrng_leak_queue {
	struct virtqueue *vq;
	struct sysgenid_slot slot;
	struct vrng_leak_buffers *buffers;
	/* api.c: by place in its table, those in the device's hands; guarded by the leak lock */
	struct virtio_rng_leak_request *others[VIRTIO_RNG_LEAK_REQUESTS];

	/* domains.c: one for each place in leak->covers; guarded by the leak lock */
	struct sysgenid_slot covers[VRNG_COVERS];
	void *sources;			    /* a page of their source words */
	DECLARE_BITMAP(held, VRNG_COVERS);  /* in the device's hands */
	DECLARE_BITMAP(alone, VRNG_COVERS); /* were given to it without the driver's own */
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
	bool present;	    /* the device reports leaks */
	bool latches;	    /* it forgets none that comes before the last was handled */
	bool direct;	    /* it can reach the word; if not, the interrupt's handler moves it */
	bool serves_others; /* there is room for requests of other kernel code */
	unsigned int cover_limit; /* domains that there is room for */
	struct list_head node;	  /* api.c: its list of devices */
	struct work_struct more;  /* harvests on when the interrupt has done its share */

	spinlock_t lock; /* guards the virtqueues and all below; taken outside the counter's lock */
	struct vrng_leak_queue queues[VRNG_LEAK_QUEUES];
	unsigned int next; /* the queue whose requests come back next */
	bool stopped;
	bool broken; /* coverage has ended until the device is started again */
	u64 reports; /* times that executed requests came back */
	struct vrng_cover covers[VRNG_COVERS];
	unsigned int cover_count; /* only grows until the device is reset */
};

int vrng_leak_init(struct vrng_leak *leak);
void vrng_leak_free(struct vrng_leak *leak);
void vrng_leak_prepare(struct vrng_leak *leak, struct virtio_device *vdev, struct virtqueue *vqs[]);
void vrng_leak_start(struct vrng_leak *leak);
void vrng_leak_quiesce(struct vrng_leak *leak);
void vrng_leak_stop(struct vrng_leak *leak);
void vrng_leak_done(struct virtqueue *vq);
void vrng_leak_lost(struct vrng_leak *leak);
void vrng_leak_arm_others(struct vrng_leak *leak);
const char *vrng_leak_describe(const struct vrng_leak *leak);

/* domains.c: the words of other domains than the system's */

int vrng_domains_init(struct vrng_leak *leak);
void vrng_domains_free(struct vrng_leak *leak);
void vrng_domains_prepare(struct vrng_leak *leak, struct virtio_device *vdev,
			  unsigned int descriptors);
void vrng_domains_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue, bool alone);
bool vrng_domains_executed(struct vrng_leak *leak, struct vrng_leak_queue *queue, void *token,
			   bool *alone);
void vrng_domains_look_back(struct vrng_leak *leak, struct vrng_leak_queue *queue);

/* api.c: requests of other kernel code; see virtio_rng_leak.h */

void vrng_api_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue);
void vrng_api_executed(struct vrng_leak_queue *queue, void *token);
void vrng_api_start(struct vrng_leak *leak);
void vrng_api_stop(struct vrng_leak *leak);

/* sysfs.c: /sys/virtio-rng/virtio_rng.N */

struct vrng_sysfs {
	/* lives as long as somebody looks: freed with the device it is part of */
	struct kobject kobj;
	struct notifier_block changed;
};

/* main.c: the device */

struct vrng {
	struct virtio_device *vdev;
	int index;
	char name[32];			/* virtio_rng.N */
	struct work_struct status_work; /* looks at the device's status */
	struct vrng_requests requests;
	struct vrng_leak leak;
	struct vrng_sysfs sysfs;
};

void vrng_free(struct vrng *vrng);
int vrng_sysfs_init(void);
void vrng_sysfs_exit(void);
int vrng_sysfs_add(struct vrng *vrng);
void vrng_sysfs_remove(struct vrng *vrng);

#endif /* SYSGENID_VRNG_H */
