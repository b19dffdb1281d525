/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of other domains than the system's. */
#ifndef VRNG_DOMAINS_H
#define VRNG_DOMAINS_H

#include <linux/types.h>

struct virtio_device;
struct vrng_leak;
struct vrng_leak_queue;

int vrng_domains_init(struct vrng_leak *leak);
void vrng_domains_free(struct vrng_leak *leak);
void vrng_domains_prepare(struct vrng_leak *leak, struct virtio_device *vdev,
			  unsigned int descriptors);
void vrng_domains_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue, bool alone);
bool vrng_domains_executed(struct vrng_leak *leak, struct vrng_leak_queue *queue, void *token,
			   bool *alone);
void vrng_domains_look_back(struct vrng_leak *leak, struct vrng_leak_queue *queue);

#endif /* VRNG_DOMAINS_H */
