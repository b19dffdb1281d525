/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that this builds for; nothing outside this file looks at versions. */
#ifndef SYSGENID_COMPAT_H
#define SYSGENID_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

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

#endif /* SYSGENID_COMPAT_H */
