/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of other kernel code, on the queues of one device. */
#ifndef VRNG_OTHERS_H
#define VRNG_OTHERS_H

struct virtio_rng_leak_request;
struct vrng_leak;
struct vrng_leak_queue;

int vrng_others_enter(struct virtio_rng_leak_request *request);
void vrng_others_remove(struct virtio_rng_leak_request *request);

/* Caller holds the leak lock. */
void vrng_others_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue);
void vrng_others_executed(struct vrng_leak_queue *queue, void *token);

void vrng_others_stop(struct vrng_leak *leak);

#endif /* VRNG_OTHERS_H */
