/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of other domains than the system's. */
#ifndef VRNG_DOMAINS_H
#define VRNG_DOMAINS_H

#include <linux/types.h>

struct page;
struct sysgenid_counter;
struct sysgenid_slot;
struct sysgenid_writer;
struct virtio_device;
struct virtqueue;
struct vrng_leak;
struct vrng_leak_queue;

/* Copies the slot's source into the generation word of @page. Caller holds the leak lock. */
int vrng_domains_arm_copy(struct virtqueue *vq, struct sysgenid_slot *slot, struct page *page);

/* Functions of the writer, see sysgenid_writer.h. */
bool vrng_domains_cover(struct sysgenid_writer *writer, struct sysgenid_counter *counter,
			struct page *page);
void vrng_domains_drop(struct sysgenid_writer *writer);

void vrng_domains_prepare(struct vrng_leak *leak, struct virtio_device *vdev,
			  unsigned int descriptors);
void vrng_domains_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue, bool alone);
bool vrng_domains_executed(struct vrng_leak *leak, struct vrng_leak_queue *queue, void *token,
			   bool *alone);
void vrng_domains_find_missed(struct vrng_leak *leak, struct vrng_leak_queue *queue);

#endif /* VRNG_DOMAINS_H */
