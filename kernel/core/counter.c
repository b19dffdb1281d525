// SPDX-License-Identifier: GPL-2.0-only
/* The generation page and the tickets. docs/protocol.md says why the steps have this order. */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "compat.h"
#include "counter.h"
#include "sysgenid.h"

struct sysgenid_counter sysgenid_system;
static u64 counter_vmclock; /* the hypervisor's, which events from now on stand for */

u64 sysgenid_counter_vmclock(void)
{
	return READ_ONCE(counter_vmclock);
}

void sysgenid_set_vmclock_counter(u64 counter)
{
	WRITE_ONCE(counter_vmclock, counter);
}
EXPORT_SYMBOL_GPL(sysgenid_set_vmclock_counter);

u32 sysgenid_generation(void)
{
	return sysgenid_counter_generation(&sysgenid_system);
}
EXPORT_SYMBOL_GPL(sysgenid_generation);

struct page *sysgenid_get_page(void)
{
	get_page(sysgenid_system.page);
	return sysgenid_system.page;
}
EXPORT_SYMBOL_GPL(sysgenid_get_page);

/* Not at mmap time: so the mapping needs none of the vma flags that checkpoint tools refuse. */
static vm_fault_t counter_fault(struct vm_fault *vmf)
{
	vmf->page = vmf->vma->vm_private_data;
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct counter_vm_ops = {
	.fault = counter_fault,
};

int sysgenid_map(struct vm_area_struct *vma, struct page *page)
{
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	/* Not by a later mprotect either, nor by a debugger on a private mapping. */
	sysgenid_vm_flags_mod(vma, VM_DONTEXPAND, VM_MAYWRITE);
	vma->vm_private_data = page;
	vma->vm_ops = &counter_vm_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(sysgenid_map);

/* The ticket in the page. Once in each critical section: a device moves the word meanwhile. */
sysgenid_ticket sysgenid_counter_current(struct sysgenid_counter *counter)
{
	u32 generation = sysgenid_counter_generation(counter);
	sysgenid_ticket ticket;

	lockdep_assert_held(&counter->lock);
	/*
	 * The word is of a ticket that was drawn: at most the highest, and less than a wrap below
	 * it. Unless a device violated its request: then the result may be above the highest, and
	 * event_confirm() makes an event.
	 */
	ticket = (counter->highest & ~(sysgenid_ticket)U32_MAX) | generation;
	if (ticket > counter->highest && ticket > U32_MAX)
		ticket -= (sysgenid_ticket)U32_MAX + 1;
	return ticket;
}

/* Skips 0, which means that nothing has ever happened, also in rng_generation. */
static sysgenid_ticket counter_valid(sysgenid_ticket ticket)
{
	return (u32)ticket ? ticket : ticket + 1;
}

/* The first valid ticket above all that were drawn before, and not below @after. */
sysgenid_ticket sysgenid_counter_draw(struct sysgenid_counter *counter, sysgenid_ticket after)
{
	lockdep_assert_held(&counter->lock);
	counter->highest = counter_valid(max(counter->highest + 1, after));
	return counter->highest;
}

/*
 * The number that a new domain begins with. It is not drawn, so several domains may begin with the
 * same one. A domain that begins after the word has moved must not share it with one that began
 * before, also while the interrupt of the device that moved the word is still to come. So this
 * function draws a number if the word is not the one that its last call found, in ->looked. It does
 * not ask for a higher word: devices may move it up and down.
 */
sysgenid_ticket sysgenid_counter_next(struct sysgenid_counter *counter)
{
	sysgenid_ticket next;
	u32 now;

	spin_lock_irq(&counter->lock);
	now = sysgenid_counter_generation(counter);
	if (now != counter->looked) {
		counter->looked = now;
		sysgenid_counter_draw(counter, 0);
	}
	next = counter_valid(counter->highest + 1);
	spin_unlock_irq(&counter->lock);
	return next;
}

/*
 * The ticket that a wish for at least @min means, compared with the word and not with the highest.
 * 0, no wish, at the last number before a wrap: the wish would lead straight to the next wrap.
 */
sysgenid_ticket sysgenid_counter_wished(struct sysgenid_counter *counter, u32 min)
{
	sysgenid_ticket now = sysgenid_counter_current(counter);

	return (u32)now != U32_MAX && min > (u32)now ? now + (min - (u32)now) : 0;
}

/* Domains that begin from now on do so above all that began before, and not below @min. */
void sysgenid_counter_reserve(struct sysgenid_counter *counter, u32 min)
{
	spin_lock_irq(&counter->lock);
	sysgenid_counter_draw(counter, sysgenid_counter_wished(counter, min));
	spin_unlock_irq(&counter->lock);
}

/*
 * @min may come from a hostile image. Returns false if following it would burn the number space, at
 * once or together with what was followed before. The distance counts from the highest number, so
 * an image that is restored again is not charged again. Short distances are free: a container that
 * is dumped and restored in turns brings a few numbers each time.
 */
bool sysgenid_counter_allow_jump(struct sysgenid_counter *counter, u32 min)
{
	u64 distance, charge;
	sysgenid_ticket wished;
	bool allowed;

	spin_lock_irq(&counter->lock);
	wished = sysgenid_counter_wished(counter, min);
	distance = wished > counter->highest ? wished - counter->highest : 0;
	charge = distance > SYSGENID_FREE_JUMP ? distance - SYSGENID_FREE_JUMP : 0;
	allowed = distance <= SYSGENID_MAX_JUMP &&
		  (!charge || counter->jumped + charge <= SYSGENID_MAX_JUMPS);
	if (allowed)
		counter->jumped += charge;
	spin_unlock_irq(&counter->lock);
	return allowed;
}

/*
 * The domain @ended: what its namespace begins anew with must be above what it has shown. Events of
 * the system may have taken a domain further than the system's own counter. A domain's own events
 * do not count, or a container could use up the numbers of the system.
 */
void sysgenid_counter_raise_floor(struct sysgenid_counter *ended)
{
	sysgenid_ticket floor = 0;

	spin_lock_irq(&ended->lock);
	if (!ended->own_events && sysgenid_counter_current(ended) != ended->began)
		floor = ended->highest;
	spin_unlock_irq(&ended->lock);
	spin_lock_irq(&sysgenid_system.lock);
	sysgenid_system.highest = max(sysgenid_system.highest, floor);
	spin_unlock_irq(&sysgenid_system.lock);
}

int sysgenid_counter_init(struct sysgenid_counter *counter, gfp_t gfp)
{
	BUILD_BUG_ON(offsetof(struct sysgenid_page, magic) != 64);
	BUILD_BUG_ON(sizeof(struct sysgenid_page) > PAGE_SIZE);

	memset(counter, 0, sizeof(*counter));
	counter->page = alloc_page(gfp | __GFP_ZERO);
	if (!counter->page)
		return -ENOMEM;
	counter->shared = page_address(counter->page);
	counter->shared->magic = SYSGENID_PAGE_MAGIC;
	counter->shared->version = SYSGENID_PAGE_VERSION;
	counter->shared->flags = SYSGENID_PAGE_F_RNG | SYSGENID_PAGE_F_INCARNATION;
	mutex_init(&counter->events);
	spin_lock_init(&counter->lock);
	INIT_LIST_HEAD(&counter->slots);
	return 0;
}

void sysgenid_counter_destroy(struct sysgenid_counter *counter)
{
	WARN_ON_ONCE(counter->watchers || !list_empty(&counter->slots));
	__free_page(counter->page);
}
