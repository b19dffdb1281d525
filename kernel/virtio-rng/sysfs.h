/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/virtio-rng/virtio_rng.N */
#ifndef VRNG_SYSFS_H
#define VRNG_SYSFS_H

struct vrng;

int vrng_sysfs_init(void);
void vrng_sysfs_exit(void);
int vrng_sysfs_add(struct vrng *vrng);
void vrng_sysfs_remove(struct vrng *vrng);

#endif /* VRNG_SYSFS_H */
