// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs see of the hypervisor's VMClock: the page itself, or zeros where there is none.
 * Programs compare its counter with the one beside their generation.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/set_memory.h>
#include <linux/string.h>

#include "compat.h"
#include "notify.h"
#include "sysgenid.h"
#include "vmclock.h"

/*
 * Shown where there is no VMClock. Decrypted, since a mapping is for the hypervisor's page, which
 * is; the driver that finds it may be loaded after the mapping was made.
 */
static struct page *vmclock_zeros;
static unsigned long vmclock_pfn; /* of what is shown */

void sysgenid_set_vmclock(phys_addr_t page)
{
	WRITE_ONCE(vmclock_pfn, page ? PHYS_PFN(page) : page_to_pfn(vmclock_zeros));
}
EXPORT_SYMBOL_GPL(sysgenid_set_vmclock);

/*
 * Programs drop the page to ask whether the generation has to move, and load it again. A task that
 * is killed meanwhile needs no answer.
 */
static vm_fault_t vmclock_fault(struct vm_fault *vmf)
{
	(void)sysgenid_sync_source();
	return vmf_insert_mixed(vmf->vma, vmf->address, sysgenid_pfn(READ_ONCE(vmclock_pfn)));
}

static const struct vm_operations_struct vmclock_vm_ops = {
	.fault = vmclock_fault,
};

/*
 * The hypervisor's page need not be memory of this machine: there may be no struct page of it.
 * Mixed, and not a mapping of page frames: checkpoint tools refuse those, and programs cannot drop
 * their pages.
 */
int sysgenid_vmclock_map(struct vm_area_struct *vma)
{
	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	/* Not by a later mprotect either, nor by a debugger on a private mapping. */
	sysgenid_vm_flags_mod(vma, VM_DONTEXPAND | VM_MIXEDMAP, VM_MAYWRITE);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	vma->vm_ops = &vmclock_vm_ops;
	return 0;
}

int sysgenid_vmclock_init(void)
{
	int ret;

	vmclock_zeros = alloc_page(GFP_KERNEL);
	if (!vmclock_zeros)
		return -ENOMEM;
	/* In confidential machines it is scrambled by this. If it fails the page is lost. */
	ret = set_memory_decrypted((unsigned long)page_address(vmclock_zeros), 1);
	if (ret)
		return ret;
	memset(page_address(vmclock_zeros), 0, PAGE_SIZE);
	sysgenid_set_vmclock(0);
	return 0;
}

void sysgenid_vmclock_exit(void)
{
	/* What cannot be encrypted again must not be used for other things. */
	if (!set_memory_encrypted((unsigned long)page_address(vmclock_zeros), 1))
		__free_page(vmclock_zeros);
}
