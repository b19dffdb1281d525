// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generation counter in the hypervisor's VMClock page moves the generation.
 *
 * The page is described by an ACPI device. From Linux 6.13 on the kernel has a driver for that
 * device, ptp_vmclock, which makes /dev/vmclock0 of the page. This module binds no device: it maps
 * the page as well, and has a handler of its own for the device's ACPI notifications, of which a
 * device can have several. So the order in which the two are loaded does not matter.
 *
 * read, poll, acknowledgements and GET compare the counter in the page with the one that the
 * generation stands for. So they are right before the notification was handled, as far as the
 * hypervisor moves its counter before any CPU of the restored machine runs.
 *
 * Whatever cannot be read counts as a change, once: a page that is being changed for ever, or one
 * that is no VMClock page any more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/build_bug.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "sysgenid.h"

#define VMCLOCK_MAGIC 0x4b4c4356 /* "VCLK" */
#define VMCLOCK_VERSION 1
#define VMCLOCK_HAS_COUNTER BIT_ULL(8)
#define VMCLOCK_NOTIFIES BIT_ULL(9)

/* A change of the page takes the hypervisor some stores. In microseconds. */
#define VMCLOCK_PATIENCE 1000
/* How often the page is looked at where there are no notifications. */
#define VMCLOCK_INTERVAL HZ

/* The fields of the page that are used. Little-endian. The hypervisor writes them. */
struct vmclock_page {
	__le32 magic;
	__le32 size;
	__le16 version;
	u8 counter_id;
	u8 time_type;
	__le32 seq_count; /* odd while what follows changes */
	__le64 disruption_marker;
	__le64 flags;
	u8 unused[72];
	__le64 vm_generation_counter;
};

/* What the page said. Compared as a whole: see vmclock_look(). */
struct vmclock_state {
	u64 counter;
	u32 trouble; /* 0: the counter can be believed */
};

/* Bits of @trouble; above them is seq_count, so that each change of a page in trouble counts. */
#define TROUBLE_ODD BIT(0)   /* seq_count is odd, and stays so */
#define TROUBLE_WRONG BIT(1) /* no VMClock page with a counter */

static bool sync_source = true;
module_param(sync_source, bool, 0644);
MODULE_PARM_DESC(sync_source, "let read and poll of /dev/sysgenid look at the page (default yes)");

static struct acpi_device *vmclock_device;
static const struct vmclock_page *vmclock_page;
static phys_addr_t vmclock_shown; /* where programs may map the page; 0: they may not */
static bool vmclock_polls;	  /* there are no notifications */

static DEFINE_MUTEX(vmclock_follow_lock);	   /* one who follows a change: a kernel worker */
static DEFINE_SPINLOCK(vmclock_lock);		   /* guards vmclock_followed */
static struct vmclock_state vmclock_followed;	   /* what the generation stands for */
static DECLARE_WAIT_QUEUE_HEAD(vmclock_followers); /* readers, until the page is followed */

static u32 vmclock_seq(void)
{
	return le32_to_cpu(READ_ONCE(vmclock_page->seq_count));
}

/* NULL, or what is wrong with the page. */
static const char *vmclock_complaint(void)
{
	const struct vmclock_page *page = vmclock_page;

	if (le32_to_cpu(READ_ONCE(page->magic)) != VMCLOCK_MAGIC)
		return "the page does not begin with VMClock's magic number";
	if (le16_to_cpu(READ_ONCE(page->version)) != VMCLOCK_VERSION)
		return "the page's version is not 1";
	if (le32_to_cpu(READ_ONCE(page->size)) <
	    offsetofend(struct vmclock_page, vm_generation_counter))
		return "the page ends before the generation counter";
	if (!(le64_to_cpu(READ_ONCE(page->flags)) & VMCLOCK_HAS_COUNTER))
		return "the page's flags say that there is no generation counter";
	return NULL;
}

/* Reads the page once. Returns whether the hypervisor has let it alone meanwhile. */
static bool vmclock_try(struct vmclock_state *state)
{
	u32 seq = vmclock_seq();

	virt_rmb(); /* pairs with the hypervisor's barriers around its change */
	state->counter = le64_to_cpu(READ_ONCE(vmclock_page->vm_generation_counter));
	state->trouble = 0;
	if (vmclock_complaint())
		state->trouble = seq << 2 | TROUBLE_WRONG;
	else if (seq & 1)
		state->trouble = seq << 2 | TROUBLE_ODD;
	virt_rmb(); /* as above */
	return vmclock_seq() == seq;
}

static bool vmclock_equal(const struct vmclock_state *one, const struct vmclock_state *other)
{
	return one->counter == other->counter && one->trouble == other->trouble;
}

static struct vmclock_state vmclock_known(void)
{
	struct vmclock_state known;

	spin_lock(&vmclock_lock);
	known = vmclock_followed;
	spin_unlock(&vmclock_lock);
	return known;
}

/*
 * Reads the page; waits a little for a change to end, unless it is one that did not end before and
 * that is known. Users may call this as often as they like. A page that is changed all the time
 * gives the counter of the last try, which is one load.
 */
static struct vmclock_state vmclock_look(void)
{
	struct vmclock_state known = vmclock_known(), now;
	int i;

	for (i = 0; i < VMCLOCK_PATIENCE; i++) {
		if (vmclock_try(&now) &&
		    (!(now.trouble & TROUBLE_ODD) || vmclock_equal(&now, &known)))
			break;
		udelay(1);
	}
	return now;
}

static bool vmclock_has_changed(void)
{
	struct vmclock_state known = vmclock_known(), now = vmclock_look();

	return !vmclock_equal(&now, &known);
}

static void vmclock_say(const struct vmclock_state *old, const struct vmclock_state *now)
{
	const char *complaint = vmclock_complaint();

	if (now->trouble & TROUBLE_WRONG)
		pr_err_ratelimited("%s, which is new: this counts as a restore\n",
				   complaint ?: "the page has changed its header");
	else if (now->trouble)
		pr_err_ratelimited("the hypervisor has begun to change the page and does not end "
				   "(seq_count %u): this counts as a restore\n",
				   vmclock_seq());
	else if (!old->trouble && now->counter < old->counter)
		pr_warn_ratelimited("the hypervisor's generation counter went back from %llu to "
				    "%llu: this counts as a restore\n",
				    old->counter, now->counter);
}

/* Programs compare it with the page: it is what stands there, also when the page is in trouble. */
static void vmclock_show_counter(const struct vmclock_state *state)
{
	if (vmclock_shown)
		sysgenid_set_vmclock_counter((__force u64)cpu_to_le64(state->counter));
}

static void vmclock_follow(void)
{
	struct vmclock_state known, now;

	mutex_lock(&vmclock_follow_lock);
	for (;;) {
		known = vmclock_known();
		now = vmclock_look();
		if (vmclock_equal(&now, &known))
			break;
		vmclock_say(&known, &now);
		/* Other copies of this machine have the same counter: it is not enough. */
		add_device_randomness(&now.counter, sizeof(now.counter));
		vmclock_show_counter(&now);
		sysgenid_bump_generation(SYSGENID_CAUSE_VMCLOCK);
		/* Whoever finds nothing changed under the lock finds the new generation. */
		spin_lock(&vmclock_lock);
		vmclock_followed = now;
		spin_unlock(&vmclock_lock);
	}
	mutex_unlock(&vmclock_follow_lock);
	wake_up_all(&vmclock_followers);
}

static void vmclock_follow_in_work(struct work_struct *unused)
{
	vmclock_follow();
}

static DECLARE_WORK(vmclock_work, vmclock_follow_in_work);

static void vmclock_poll(struct work_struct *unused);
static DECLARE_DELAYED_WORK(vmclock_poll_work, vmclock_poll);

static void vmclock_poll(struct work_struct *unused)
{
	vmclock_follow();
	schedule_delayed_work(&vmclock_poll_work, VMCLOCK_INTERVAL);
}

static bool vmclock_is_followed(void)
{
	if (!vmclock_has_changed())
		return true;
	queue_work(system_highpri_wq, &vmclock_work);
	return false;
}

/*
 * In each read and poll. The event is made by a work item: the reader may be throttled by its
 * cgroup, and everybody would queue behind it.
 */
static int vmclock_sync(void)
{
	if (!READ_ONCE(sync_source))
		return 0;
	return wait_event_killable(vmclock_followers, vmclock_is_followed());
}

static void vmclock_notified(acpi_handle handle, u32 event, void *unused)
{
	queue_work(system_highpri_wq, &vmclock_work);
}

/* The first memory that the device has; of 0 bytes if it has none. */
static struct resource vmclock_memory(struct acpi_device *device)
{
	struct resource found = {};
	struct resource_entry *entry;
	LIST_HEAD(resources);

	found.end = found.start - 1;
	if (acpi_dev_get_resources(device, &resources, NULL, NULL) < 0)
		return found;
	list_for_each_entry(entry, &resources, node) {
		if (resource_type(entry->res) == IORESOURCE_MEM) {
			found = *entry->res;
			break;
		}
	}
	acpi_dev_free_resource_list(&resources);
	return found;
}

static int vmclock_map(void)
{
	struct resource memory = vmclock_memory(vmclock_device);
	const char *complaint;

	if (resource_size(&memory) < sizeof(*vmclock_page)) {
		pr_err("the VMClock device has no memory with room for a generation counter\n");
		return -ENODEV;
	}
	/* The hypervisor writes the page, also of a confidential machine: it is not encrypted. */
	vmclock_page = memremap(memory.start, sizeof(*vmclock_page), MEMREMAP_WB | MEMREMAP_DEC);
	if (!vmclock_page) {
		pr_err("the VMClock page at %pa cannot be mapped\n", &memory.start);
		return -ENOMEM;
	}
	/* Programs get whole pages: nothing else may be in it. */
	vmclock_shown = IS_ALIGNED(memory.start, PAGE_SIZE) && resource_size(&memory) >= PAGE_SIZE
				? memory.start
				: 0;
	complaint = vmclock_complaint();
	if (!complaint)
		return 0;
	pr_err("%s (at %pa): not used\n", complaint, &memory.start);
	memunmap((void *)vmclock_page);
	return -ENODEV;
}

/* Both names are in use: of the hardware, and of all that are compatible. */
static int vmclock_find(void)
{
	int ret;

	vmclock_device = acpi_dev_get_first_match_dev("AMZNC10C", NULL, -1);
	if (!vmclock_device)
		vmclock_device = acpi_dev_get_first_match_dev("VMCLOCK", NULL, -1);
	if (!vmclock_device) {
		pr_info("this machine has no VMClock device\n");
		return -ENODEV;
	}
	ret = vmclock_map();
	if (ret)
		acpi_dev_put(vmclock_device);
	return ret;
}

static void vmclock_lose(void)
{
	memunmap((void *)vmclock_page);
	acpi_dev_put(vmclock_device);
}

static int vmclock_listen(void)
{
	acpi_status status = acpi_install_notify_handler(vmclock_device->handle, ACPI_DEVICE_NOTIFY,
							 vmclock_notified, NULL);

	if (ACPI_FAILURE(status)) {
		pr_err("cannot get the VMClock device's notifications: %s\n",
		       acpi_format_exception(status));
		return -EIO;
	}
	vmclock_polls = !(le64_to_cpu(READ_ONCE(vmclock_page->flags)) & VMCLOCK_NOTIFIES);
	if (vmclock_polls) {
		pr_info("the hypervisor sends no notifications: sleepers are woken up to a second "
			"late\n");
		schedule_delayed_work(&vmclock_poll_work, VMCLOCK_INTERVAL);
	}
	return 0;
}

static void vmclock_do_not_listen(void)
{
	/* Returns when no handler runs any more. */
	acpi_remove_notify_handler(vmclock_device->handle, ACPI_DEVICE_NOTIFY, vmclock_notified);
	cancel_delayed_work_sync(&vmclock_poll_work);
	/* Nobody starts it any more. */
	cancel_work_sync(&vmclock_work);
}

static int __init vmclock_init(void)
{
	int ret;

	static_assert(offsetof(struct vmclock_page, vm_generation_counter) == 0x68);
	ret = vmclock_find();
	if (ret)
		return ret;
	vmclock_followed = vmclock_look();
	ret = sysgenid_set_sync_source(vmclock_sync);
	if (ret)
		goto err_page;
	ret = vmclock_listen();
	if (ret)
		goto err_source;
	/* Readers and notifications may follow a change already, and store a newer counter. */
	mutex_lock(&vmclock_follow_lock);
	vmclock_show_counter(&vmclock_followed);
	mutex_unlock(&vmclock_follow_lock);
	sysgenid_set_vmclock(vmclock_shown);
	/* There was nobody to tell us of a restore before this. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
	return 0;

err_source:
	sysgenid_clear_sync_source(vmclock_sync);
	cancel_work_sync(&vmclock_work);
	/* A reader may have followed a change. The page that goes with the counter is not shown. */
	sysgenid_set_vmclock_counter(0);
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
err_page:
	vmclock_lose();
	return ret;
}

static void __exit vmclock_exit(void)
{
	sysgenid_clear_sync_source(vmclock_sync);
	vmclock_do_not_listen();
	sysgenid_set_vmclock(0);
	sysgenid_set_vmclock_counter(0);
	vmclock_lose();
	/* Whoever knows the generation from now on learns that nobody watches any more. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
}

module_init(vmclock_init);
module_exit(vmclock_exit);

MODULE_DESCRIPTION("Moves the system generation when the hypervisor's VMClock counter changes");
MODULE_AUTHOR("The sysgenid authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(SYSGENID_VERSION);
