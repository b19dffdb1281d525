/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that this builds for; nothing outside this file looks at
 * versions.
 */
#ifndef SYSGENID_COMPAT_H
#define SYSGENID_COMPAT_H

#include <linux/mm.h>
#include <linux/proc_ns.h>
#include <linux/version.h>
#include <linux/virtio_config.h>
#include <linux/workqueue.h>

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

/* The workqueue whose workers belong to no CPU; the old name makes the kernel warn from 7.2 on. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define sysgenid_unbound_wq system_unbound_wq
#else
#define sysgenid_unbound_wq system_dfl_wq
#endif

/* What kind of namespace this is, as clone() names it: CLONE_NEWPID, say. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
static inline u32 sysgenid_ns_type(const struct ns_common *ns)
{
	return ns->ops->type;
}
#else
static inline u32 sysgenid_ns_type(const struct ns_common *ns)
{
	return ns->ns_type;
}
#endif

/* Binary files of sysfs became constant step by step: for mmap() first, then for the rest. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define SYSGENID_BIN_MMAP_CONST
#else
#define SYSGENID_BIN_MMAP_CONST const
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define SYSGENID_BIN_CONST
#else
#define SYSGENID_BIN_CONST const
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
