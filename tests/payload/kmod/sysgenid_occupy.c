// SPDX-License-Identifier: GPL-2.0-only
/* Takes a minor number of the misc devices, so that it is taken. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static int minor = 250;
module_param(minor, int, 0444);
MODULE_PARM_DESC(minor, "the number to take");

static const struct file_operations fops = {
	.owner = THIS_MODULE,
};

static struct miscdevice device = {
	.name = "sysgenid_occupy",
	.fops = &fops,
};

static int __init occupy_init(void)
{
	device.minor = minor;
	return misc_register(&device);
}

static void __exit occupy_exit(void)
{
	misc_deregister(&device);
}

module_init(occupy_init);
module_exit(occupy_exit);

MODULE_DESCRIPTION("Occupies a minor number, for tests of sysgenid");
MODULE_LICENSE("GPL");
