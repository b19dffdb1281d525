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

static bool look = true;
module_param(look, bool, 0644);
MODULE_PARM_DESC(look, "let read and poll of /dev/sysgenid look at the ID itself (default yes)");

static const void *id; /* in the hypervisor's hands; NULL: there is none, or it cannot be found */
static DEFINE_MUTEX(follow_lock); /* one who follows a change: a kernel worker */
/* The ID that the generation stands for. Written under the mutex, also read without it. */
static u8 followed_id[ID_SIZE];
static DECLARE_WAIT_QUEUE_HEAD(followed); /* readers, until the ID is followed */

static bool has_changed(void)
{
	return memcmp(id, followed_id, ID_SIZE) != 0;
}

static void follow(void)
{
	u8 now[ID_SIZE];

	mutex_lock(&follow_lock);
	while (has_changed()) {
		memcpy(now, id, ID_SIZE);
		/* The reseed that follows must not be the one of another copy of this machine. */
		add_device_randomness(now, ID_SIZE);
		sysgenid_bump_generation(SYSGENID_CAUSE_VMGENID);
		/*
		 * Pairs with the barrier below: who finds nothing changed finds the new generation.
		 */
		smp_wmb();
		memcpy(followed_id, now, ID_SIZE);
	}
	mutex_unlock(&follow_lock);
	wake_up_all(&followed);
}

static void follow_in_work(struct work_struct *unused)
{
	follow();
}

static DECLARE_WORK(follow_work, follow_in_work);

static bool is_followed(void)
{
	if (!has_changed())
		return true;
	queue_work(system_highpri_wq, &follow_work);
	return false;
}

/*
 * In each read and poll. The event is made by a work item: the reader may be throttled by its
 * cgroup, and everybody would queue behind it.
 */
static int sync_id(void)
{
	int ret = READ_ONCE(look) ? wait_event_killable(followed, is_followed()) : 0;

	smp_rmb();
	return ret;
}

/* After the kernel's random number generator was reseeded with the new ID. */
static int forked(struct notifier_block *nb, unsigned long action, void *data)
{
	if (id)
		follow();
	else
		sysgenid_bump_generation(SYSGENID_CAUSE_VMGENID);
	return NOTIFY_OK;
}

static struct notifier_block forked_nb = {
	.notifier_call = forked,
};

/* The ACPI object ADDR is a package of two numbers, the halves of the physical address. */
static const void *map_id(struct acpi_device *device)
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

static void find_id(void)
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
	id = map_id(device);
	acpi_dev_put(device);
	if (id)
		memcpy(followed_id, id, ID_SIZE);
}

static int __init vmgenid_init(void)
{
	int ret;

	if (!IS_ENABLED(CONFIG_VMGENID)) {
		pr_err("this kernel was built without CONFIG_VMGENID\n");
		return -ENODEV;
	}
	find_id();
	if (!id)
		pr_info("the VM generation ID is not found: read and poll follow when its event "
			"was handled\n");
	ret = register_random_vmfork_notifier(&forked_nb);
	if (ret)
		goto err_id;
	ret = id ? sysgenid_set_sync_source(sync_id) : 0;
	if (ret)
		goto err_notifier;
	/* There was nobody to tell us of a fork before this. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
	return 0;

err_notifier:
	unregister_random_vmfork_notifier(&forked_nb);
err_id:
	if (id)
		memunmap((void *)id);
	return ret;
}

static void __exit vmgenid_exit(void)
{
	if (id)
		sysgenid_clear_sync_source();
	unregister_random_vmfork_notifier(&forked_nb);
	/* Nobody starts it any more. */
	cancel_work_sync(&follow_work);
	if (id)
		memunmap((void *)id);
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
