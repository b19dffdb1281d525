// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM generation ID, which stock hypervisors have, moves the generation.
 *
 * The kernel's own driver reads the ID at the hypervisor's event and then calls this module. Until
 * then whoever has mapped the word sees the old generation; with virtio-rng leak queues there is no
 * such time. read and poll look at the ID itself, so for them there is none either, as far as the
 * hypervisor writes the ID before any CPU of the restored machine runs (QEMU does).
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

#define VMGENID_SIZE 16

static bool sync_source = true;
module_param(sync_source, bool, 0644);
MODULE_PARM_DESC(sync_source,
		 "let read and poll of /dev/sysgenid look at the ID itself (default yes)");

/* The page that the hypervisor writes; NULL: there is none, or it cannot be found. */
static const void *vmgenid_id;
static DEFINE_MUTEX(vmgenid_follow_lock); /* guards writing vmgenid_followed_id */
/* The ID that the generation stands for; also read without the mutex. */
static u8 vmgenid_followed_id[VMGENID_SIZE];
static DECLARE_WAIT_QUEUE_HEAD(vmgenid_followed); /* readers, until the ID is followed */

static bool vmgenid_has_changed(void)
{
	/* Without CONFIG_VMGENID the compiler knows that there is no ID, and warns. */
	return vmgenid_id && memcmp(vmgenid_id, vmgenid_followed_id, VMGENID_SIZE) != 0;
}

static void vmgenid_follow(struct work_struct *unused)
{
	u8 now[VMGENID_SIZE];

	mutex_lock(&vmgenid_follow_lock);
	while (vmgenid_has_changed()) {
		memcpy(now, vmgenid_id, VMGENID_SIZE);
		/* So the reseed that follows differs from that of another copy of this machine. */
		add_device_randomness(now, VMGENID_SIZE);
		sysgenid_bump_generation(SYSGENID_CAUSE_VMGENID);
		/* Pairs with vmgenid_sync(): if nothing has changed, the generation is new. */
		smp_wmb();
		memcpy(vmgenid_followed_id, now, VMGENID_SIZE);
	}
	mutex_unlock(&vmgenid_follow_lock);
	wake_up_all(&vmgenid_followed);
}

static DECLARE_WORK(vmgenid_work, vmgenid_follow);

static bool vmgenid_is_followed(void)
{
	if (!vmgenid_has_changed())
		return true;
	queue_work(system_highpri_wq, &vmgenid_work);
	return false;
}

/*
 * In each read and poll. A work item makes the event: others would have to wait for a reader that
 * is throttled by its cgroup.
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

/* The kernel's driver has read a new ID, and the random number generator was reseeded with it. */
static int vmgenid_forked(struct notifier_block *nb, unsigned long action, void *data)
{
	if (vmgenid_id)
		vmgenid_follow(NULL);
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
		/* Not encrypted, in a confidential machine either: the hypervisor writes it. */
		mapped = memremap(address, VMGENID_SIZE, MEMREMAP_WB | MEMREMAP_DEC);
	}
	kfree(buffer.pointer);
	return mapped;
}

static void vmgenid_find(void)
{
	/* The specification's, Hyper-V's and QEMU's; the kernel's driver has the first two. */
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
		memcpy(vmgenid_followed_id, vmgenid_id, VMGENID_SIZE);
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
	/* A fork before this was not noticed. */
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
		sysgenid_clear_sync_source(vmgenid_sync);
	unregister_random_vmfork_notifier(&vmgenid_forked_nb);
	cancel_work_sync(&vmgenid_work);
	if (vmgenid_id)
		memunmap((void *)vmgenid_id);
	/* A fork since the notifier was taken back was not noticed. */
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
