/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that this builds for; nothing outside this file looks at versions. */
#ifndef SYSGENID_COMPAT_H
#define SYSGENID_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>
#include <linux/virtio_config.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void sysgenid_vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void sysgenid_vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#else
#define sysgenid_vm_flags_set vm_flags_set
#define sysgenid_vm_flags_clear vm_flags_clear
#endif

#define SYSGENID_MAX_QUEUES 3

struct sysgenid_queue {
	const char *name;
	vq_callback_t *callback;
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static inline int sysgenid_find_queues(struct virtio_device *vdev, unsigned int count,
				       struct virtqueue *found[],
				       const struct sysgenid_queue queues[])
{
	vq_callback_t *callbacks[SYSGENID_MAX_QUEUES];
	const char *names[SYSGENID_MAX_QUEUES];
	unsigned int i;

	for (i = 0; i < count; i++) {
		callbacks[i] = queues[i].callback;
		names[i] = queues[i].name;
	}
	return virtio_find_vqs(vdev, count, found, callbacks, names, NULL);
}
#else
static inline int sysgenid_find_queues(struct virtio_device *vdev, unsigned int count,
				       struct virtqueue *found[],
				       const struct sysgenid_queue queues[])
{
	struct virtqueue_info infos[SYSGENID_MAX_QUEUES] = {};
	unsigned int i;

	for (i = 0; i < count; i++) {
		infos[i].callback = queues[i].callback;
		infos[i].name = queues[i].name;
	}
	return virtio_find_vqs(vdev, count, found, infos, NULL);
}
#endif

#endif /* SYSGENID_COMPAT_H */
