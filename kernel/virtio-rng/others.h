/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of other kernel code, on the queues of one device. */
#ifndef VRNG_OTHERS_H
#define VRNG_OTHERS_H

struct vrng_leak;
struct vrng_leak_queue;

void vrng_others_start(struct vrng_leak *leak);
void vrng_others_stop(struct vrng_leak *leak);

/* Caller holds the leak lock. */
void vrng_others_arm(struct vrng_leak *leak);
void vrng_others_kick(struct vrng_leak *leak);
void vrng_others_executed(struct vrng_leak_queue *queue, void *token);

#endif /* VRNG_OTHERS_H */
