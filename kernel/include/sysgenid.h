/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For other kernel code: move the system generation, and be told when it has moved.
 */
#ifndef _SYSGENID_H
#define _SYSGENID_H

#include <linux/notifier.h>
#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct page;
struct vm_area_struct;

/**
 * sysgenid_bump_generation - move the system's generation, and with it those of all domains
 * @cause: why; listeners are told
 *
 * A work item makes the event; the caller sleeps until the word in the page has changed, sleepers
 * were woken and notifiers have run. The reseed of the random number generator follows in the
 * background.
 *
 * Return: the new generation
 */
u32 sysgenid_bump_generation(enum sysgenid_cause cause);

/**
 * sysgenid_generation - the system's current generation, with acquire ordering
 *
 * Context: Any.
 * Return: the generation
 */
u32 sysgenid_generation(void);

/**
 * sysgenid_register_notifier - be called for each event of the system's generation
 * @nb: its callback gets an enum sysgenid_cause as action, and a pointer to the new generation
 * (u32)
 *
 * Called in process context, for one event at a time and in order. The callback may sleep. It must
 * not move the generation, nor wait for a user's task or an mmap_lock: a page fault of the device
 * may wait for the event with that lock held. Events of one container's domain are not reported.
 *
 * Return: 0, or -EEXIST if @nb is registered
 */
int sysgenid_register_notifier(struct notifier_block *nb);

/**
 * sysgenid_unregister_notifier - take back sysgenid_register_notifier()
 * @nb: it is not called any more when this function returns
 *
 * Return: 0, or -ENOENT if @nb is not registered
 */
int sysgenid_unregister_notifier(struct notifier_block *nb);

/**
 * sysgenid_set_sync_source - have a source asked in each read and poll of the device
 * @sync: called before the word is read, so that read and poll are right while the source's own
 *	notification is still under way; returns 0, or an error if the task was killed
 *
 * @sync is called in process context, on several CPUs at once, by tasks without privileges. If the
 * generation has to move, @sync has a work item move it, and waits killably. It must not wait for
 * other tasks: a task may lose its processor for long.
 *
 * Return: 0, or -EBUSY if there are too many sources: a machine has one or two
 */
int sysgenid_set_sync_source(int (*sync)(void));

/**
 * sysgenid_clear_sync_source - take back sysgenid_set_sync_source(), and wait for calls under way
 * @sync: the source
 */
void sysgenid_clear_sync_source(int (*sync)(void));

/**
 * sysgenid_set_vmclock - show programs the hypervisor's VMClock page
 * @page: its physical address, which must stay good for ever; 0: there is none any more
 *
 * Programs compare its counter with the one of sysgenid_set_vmclock_counter(). Move the generation
 * afterwards.
 */
void sysgenid_set_vmclock(phys_addr_t page);

/**
 * sysgenid_set_vmclock_counter - from now on generations that are moved stand for this counter
 * @counter: as it stands in the hypervisor's page, little-endian; 0: there is none
 *
 * Call it after the counter was read, and before the generation is moved for it.
 */
void sysgenid_set_vmclock_counter(u64 counter);

/**
 * sysgenid_get_page - the page that programs of the initial PID namespace map
 *
 * It is a struct sysgenid_page, for devices that write into it.
 *
 * Return: the page, with a reference: put_page() it when no device can write any more
 */
struct page *sysgenid_get_page(void);

/**
 * sysgenid_map - map a generation page, for the mmap of a file
 * @vma: must be the whole page, from offset 0 on, and not writable
 * @page: lives as long as the file
 *
 * Return: 0, -EINVAL or -EPERM
 */
int sysgenid_map(struct vm_area_struct *vma, struct page *page);

#endif /* _SYSGENID_H */
