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

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void sysgenid_vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
					 vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#else
#define sysgenid_vm_flags_mod vm_flags_mod
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

/* The type of page frame numbers. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define sysgenid_pfn(pfn) __pfn_to_pfn_t(pfn, PFN_DEV)
#else
#define sysgenid_pfn(pfn) (pfn)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
struct virtqueue_info {
	const char *name;
	vq_callback_t *callback;
};

static inline int sysgenid_find_vqs(struct virtio_device *vdev, unsigned int count,
				    struct virtqueue *found[], struct virtqueue_info infos[])
{
	vq_callback_t *callbacks[3];
	const char *names[3];
	unsigned int i;

	for (i = 0; i < count; i++) {
		callbacks[i] = infos[i].callback;
		names[i] = infos[i].name;
	}
	return virtio_find_vqs(vdev, count, found, callbacks, names, NULL);
}
#else
#define sysgenid_find_vqs(vdev, count, found, infos)                                               \
	virtio_find_vqs(vdev, count, found, infos, NULL)
#endif

#endif /* SYSGENID_COMPAT_H */
