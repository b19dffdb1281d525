// SPDX-License-Identifier: GPL-2.0-only
/*
 * As early in the boot: the kernel says that its random generator has no seed yet, as long as this
 * module is loaded. (It does not keep the generator from being reseeded.)
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static int unseeded_asked(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	regs_set_return_value(registers, 0);
	return 0;
}

static struct kretprobe unseeded_probe = {
	.kp.symbol_name = "rng_is_initialized",
	.handler = unseeded_asked,
	.maxactive = 64,
};

static int __init unseeded_init(void)
{
	return register_kretprobe(&unseeded_probe);
}

static void __exit unseeded_exit(void)
{
	unregister_kretprobe(&unseeded_probe);
}

module_init(unseeded_init);
module_exit(unseeded_exit);

MODULE_DESCRIPTION("Lets the kernel's random generator look unseeded, for tests of sysgenid");
MODULE_LICENSE("GPL");
