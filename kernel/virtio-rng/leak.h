/* SPDX-License-Identifier: GPL-2.0-only */
/* The leak queues, and the generation word, which they move. */
#ifndef VRNG_LEAK_H
#define VRNG_LEAK_H

#include "queues.h"

int vrng_leak_init(struct vrng_leak *leak);
void vrng_leak_free(struct vrng_leak *leak);
void vrng_leak_prepare(struct vrng_leak *leak, struct virtio_device *vdev, struct virtqueue *vqs[]);
void vrng_leak_start(struct vrng_leak *leak);
void vrng_leak_quiesce(struct vrng_leak *leak);
void vrng_leak_stop(struct vrng_leak *leak);
void vrng_leak_done(struct vrng_leak *leak);
void vrng_leak_lost(struct vrng_leak *leak);
const char *vrng_leak_describe(const struct vrng_leak *leak);

#endif /* VRNG_LEAK_H */
