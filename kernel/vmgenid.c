// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's VM generation ID, which stock hypervisors have, moves the generation.
 *
 * The kernel's own driver reads the ID when the hypervisor raises an event and then calls this. So
 * there is a window: until the event was handled, everybody in the restored machine sees the old
 * generation. How long it is depends on the hypervisor; a virtio-rng device with leak queues has
 * none.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/random.h>

#include "sysgenid.h"

/* After the kernel's random number generator was reseeded with the new ID. */
static int forked(struct notifier_block *nb, unsigned long action, void *data)
{
	sysgenid_bump_generation(SYSGENID_CAUSE_VMGENID);
	return NOTIFY_OK;
}

static struct notifier_block forked_nb = {
	.notifier_call = forked,
};

static int __init vmgenid_init(void)
{
	int ret;

	if (!IS_ENABLED(CONFIG_VMGENID)) {
		pr_err("this kernel was built without CONFIG_VMGENID\n");
		return -ENODEV;
	}
	ret = register_random_vmfork_notifier(&forked_nb);
	if (ret)
		return ret;
	/* There was nobody to tell us of a fork before this. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
	return 0;
}

static void __exit vmgenid_exit(void)
{
	unregister_random_vmfork_notifier(&forked_nb);
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
MODULE_VERSION("0.1");
