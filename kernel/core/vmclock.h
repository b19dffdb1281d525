/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's VMClock page, which programs map as the second page of the device. */
#ifndef SYSGENID_VMCLOCK_H
#define SYSGENID_VMCLOCK_H

struct vm_area_struct;

int sysgenid_vmclock_init(void);
void sysgenid_vmclock_exit(void);
int sysgenid_vmclock_map(struct vm_area_struct *vma);

#endif /* SYSGENID_VMCLOCK_H */
