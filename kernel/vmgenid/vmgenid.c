// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's VM generation ID, which stock hypervisors have, moves the generation.
 *
 * The kernel's own driver reads the ID when the hypervisor raises an event and then calls this. So
 * there is a window for who has mapped the word: until the event was handled. How long it is
 * depends on the hypervisor; a virtio-rng device with leak queues has none.
 *
 * For read and poll there is none either, as far as the hypervisor writes the ID before any CPU of
 * the restored machine runs (QEMU does): they look at the ID itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "sysgenid.h"

#define ID_SIZE 16

static bool sync_source = true;
module_param(sync_source, bool, 0644);
MODULE_PARM_DESC(sync_source,
		 "let read and poll of /dev/sysgenid look at the ID itself (default yes)");

/* The page that the hypervisor writes; NULL: there is none, or it cannot be found. */
static const void *vmgenid_id;
static DEFINE_MUTEX(vmgenid_follow_lock); /* one who follows a change: a kernel worker */
/* The ID that the generation stands for. Written under the mutex, also read without it. */
static u8 vmgenid_followed_id[ID_SIZE];
static DECLARE_WAIT_QUEUE_HEAD(vmgenid_followed); /* readers, until the ID is followed */

static bool vmgenid_has_changed(void)
{
	/* Without CONFIG_VMGENID the compiler knows that there is no ID, and warns. */
	return vmgenid_id && memcmp(vmgenid_id, vmgenid_followed_id, ID_SIZE) != 0;
}

static void vmgenid_follow(void)
{
	u8 now[ID_SIZE];

	mutex_lock(&vmgenid_follow_lock);
	while (vmgenid_has_changed()) {
		memcpy(now, vmgenid_id, ID_SIZE);
		/* The reseed that follows must not be the one of another copy of this machine. */
		add_device_randomness(now, ID_SIZE);
		sysgenid_bump_generation(SYSGENID_CAUSE_VMGENID);
		/*
		 * Pairs with the barrier in vmgenid_sync(): who finds nothing changed finds the new
		 * generation.
		 */
		smp_wmb();
		memcpy(vmgenid_followed_id, now, ID_SIZE);
	}
	mutex_unlock(&vmgenid_follow_lock);
	wake_up_all(&vmgenid_followed);
}

static void vmgenid_follow_in_work(struct work_struct *unused)
{
	vmgenid_follow();
}

static DECLARE_WORK(vmgenid_work, vmgenid_follow_in_work);

static bool vmgenid_is_followed(void)
{
	if (!vmgenid_has_changed())
		return true;
	queue_work(system_highpri_wq, &vmgenid_work);
	return false;
}

/*
 * In each read and poll. The event is made by a work item: the reader may be throttled by its
 * cgroup, and everybody would queue behind it.
 */
static int vmgenid_sync(void)
{
	int ret = 0;

	if (READ_ONCE(sync_source))
		ret = wait_event_killable(vmgenid_followed, vmgenid_is_followed());
	/* Pairs with the barrier in vmgenid_follow(). */
	smp_rmb();
	return ret;
}

/* After the kernel's random number generator was reseeded with the new ID. */
static int vmgenid_forked(struct notifier_block *nb, unsigned long action, void *data)
{
	if (vmgenid_id)
		vmgenid_follow();
	else
		sysgenid_bump_generation(SYSGENID_CAUSE_VMGENID);
	return NOTIFY_OK;
}

static struct notifier_block vmgenid_forked_nb = {
	.notifier_call = vmgenid_forked,
};

/* The ACPI object ADDR is a package of two numbers, the halves of the physical address. */
static const void *vmgenid_map(struct acpi_device *device)
{
	struct acpi_buffer buffer = { ACPI_ALLOCATE_BUFFER };
	const void *mapped = NULL;
	union acpi_object *object;
	phys_addr_t address;

	if (ACPI_FAILURE(acpi_evaluate_object(device->handle, "ADDR", NULL, &buffer)))
		return NULL;
	object = buffer.pointer;
	if (object && object->type == ACPI_TYPE_PACKAGE && object->package.count == 2 &&
	    object->package.elements[0].type == ACPI_TYPE_INTEGER &&
	    object->package.elements[1].type == ACPI_TYPE_INTEGER) {
		address = object->package.elements[0].integer.value |
			  object->package.elements[1].integer.value << 32;
		/*
		 * The hypervisor writes the page, also of a confidential machine: it is not
		 * encrypted.
		 */
		mapped = memremap(address, ID_SIZE, MEMREMAP_WB | MEMREMAP_DEC);
	}
	kfree(buffer.pointer);
	return mapped;
}

static void vmgenid_find(void)
{
	/*
	 * Of the specification, of Hyper-V and of QEMU; the kernel's driver looks for the first
	 * two.
	 */
	static const char *const names[] = { "VM_GEN_COUNTER", "VM_Gen_Counter", "VMGENCTR",
					     "QEMUVGID" };
	struct acpi_device *device = NULL;
	size_t i;

	for (i = 0; !device && i < ARRAY_SIZE(names); i++)
		device = acpi_dev_get_first_match_dev(names[i], NULL, -1);
	if (!device)
		return;
	vmgenid_id = vmgenid_map(device);
	acpi_dev_put(device);
	if (vmgenid_id)
		memcpy(vmgenid_followed_id, vmgenid_id, ID_SIZE);
}

static int __init vmgenid_init(void)
{
	int ret;

	if (!IS_ENABLED(CONFIG_VMGENID)) {
		pr_err("this kernel was built without CONFIG_VMGENID\n");
		return -ENODEV;
	}
	vmgenid_find();
	if (!vmgenid_id)
		pr_info("the VM generation ID is not found: read and poll follow when its event "
			"was handled\n");
	ret = register_random_vmfork_notifier(&vmgenid_forked_nb);
	if (ret)
		goto err_id;
	ret = vmgenid_id ? sysgenid_set_sync_source(vmgenid_sync) : 0;
	if (ret)
		goto err_notifier;
	/* There was nobody to tell us of a fork before this. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
	return 0;

err_notifier:
	unregister_random_vmfork_notifier(&vmgenid_forked_nb);
err_id:
	if (vmgenid_id)
		memunmap((void *)vmgenid_id);
	return ret;
}

static void __exit vmgenid_exit(void)
{
	if (vmgenid_id)
		sysgenid_clear_sync_source();
	unregister_random_vmfork_notifier(&vmgenid_forked_nb);
	/* Nobody starts it any more. */
	cancel_work_sync(&vmgenid_work);
	if (vmgenid_id)
		memunmap((void *)vmgenid_id);
	/* Whoever knows the generation from now on learns that nobody watches any more. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
}

module_init(vmgenid_init);
module_exit(vmgenid_exit);

MODULE_DESCRIPTION("Moves the system generation when the hypervisor's VM generation ID changes");
MODULE_AUTHOR("The sysgenid authors");
/* Its driver may be a module: without it nobody reads the ID. */
MODULE_SOFTDEP("pre: vmgenid");
MODULE_LICENSE("GPL");
MODULE_VERSION(SYSGENID_VERSION);
