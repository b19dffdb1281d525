// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes the VM generation ID in this machine's memory, as a hypervisor does that restores it, and
 * raises no event: whoever compares the ID is the first to know.
 *
 * /sys/module/sysgenid_fork/parameters/fork: write anything
 */
#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/module.h>

static u8 *vmfork_id;

static int vmfork_now(const char *text, const struct kernel_param *kp)
{
	if (!vmfork_id)
		return -ENODEV;
	vmfork_id[0]++;
	return 0;
}

static const struct kernel_param_ops vmfork_ops = { .set = vmfork_now };
module_param_cb(fork, &vmfork_ops, NULL, 0200);

/* QEMU's device: its object ADDR is a package with the two halves of the ID's address. */
static int __init vmfork_init(void)
{
	struct acpi_device *device = acpi_dev_get_first_match_dev("QEMUVGID", NULL, -1);
	struct acpi_buffer buffer = { ACPI_ALLOCATE_BUFFER };
	union acpi_object *halves;

	if (!device)
		return -ENODEV;
	if (ACPI_SUCCESS(acpi_evaluate_object(device->handle, "ADDR", NULL, &buffer))) {
		halves = ((union acpi_object *)buffer.pointer)->package.elements;
		vmfork_id = memremap(halves[0].integer.value | halves[1].integer.value << 32, 16,
				     MEMREMAP_WB);
		kfree(buffer.pointer);
	}
	acpi_dev_put(device);
	return vmfork_id ? 0 : -ENODEV;
}

static void __exit vmfork_exit(void)
{
	memunmap(vmfork_id);
}

module_init(vmfork_init);
module_exit(vmfork_exit);

MODULE_DESCRIPTION("Changes the VM generation ID, for tests of sysgenid");
MODULE_LICENSE("GPL");
