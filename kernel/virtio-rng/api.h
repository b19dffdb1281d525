/* SPDX-License-Identifier: GPL-2.0-only */
/* What other kernel code calls is in virtio_rng_leak.h; this is for the driver. */
#ifndef VRNG_API_H
#define VRNG_API_H

struct vrng_leak;

/* From start to stop the device gets requests that are added. */
void vrng_api_start(struct vrng_leak *leak);
void vrng_api_stop(struct vrng_leak *leak);

#endif /* VRNG_API_H */
