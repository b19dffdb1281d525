// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has faults of its own, one of each kind that the debug kernel finds, to show that it finds them.
 *
 * /sys/module/sysgenid_faulty/parameters/fault: write the name of one, see faults[].
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#define OBJECT_BYTES 200

static DEFINE_MUTEX(faulty_first);
static DEFINE_MUTEX(faulty_second);
static DEFINE_SPINLOCK(faulty_spin);

struct faulty_object {
	struct delayed_work work;
	char bytes[OBJECT_BYTES];
};

static int faulty_use_after_free(void)
{
	char *bytes = kmalloc(OBJECT_BYTES, GFP_KERNEL);

	if (!bytes)
		return -ENOMEM;
	kfree(bytes);
	OPTIMIZER_HIDE_VAR(bytes);
	return READ_ONCE(bytes[1]) == 1 ? -EIO : 0;
}

static int faulty_out_of_bounds(void)
{
	char *bytes = kmalloc(OBJECT_BYTES, GFP_KERNEL);

	if (!bytes)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(bytes);
	WRITE_ONCE(bytes[OBJECT_BYTES], 1);
	kfree(bytes);
	return 0;
}

static int faulty_leak(void)
{
	char *bytes = kmalloc(OBJECT_BYTES, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(bytes);
	return bytes ? 0 : -ENOMEM;
}

static int faulty_lock_order(void)
{
	mutex_lock(&faulty_first);
	mutex_lock(&faulty_second);
	mutex_unlock(&faulty_second);
	mutex_unlock(&faulty_first);
	mutex_lock(&faulty_second);
	mutex_lock(&faulty_first);
	mutex_unlock(&faulty_first);
	mutex_unlock(&faulty_second);
	return 0;
}

static int faulty_sleep(void)
{
	spin_lock(&faulty_spin);
	might_sleep();
	spin_unlock(&faulty_spin);
	return 0;
}

static void faulty_work(struct work_struct *work)
{
}

/* Frees a work item whose timer runs. The kernel's check stops the timer. */
static int faulty_active_object(void)
{
	struct faulty_object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	INIT_DELAYED_WORK(&object->work, faulty_work);
	schedule_delayed_work(&object->work, 1000 * HZ);
	kfree(object);
	return 0;
}

/* Takes back a mapping that was never made. */
static int faulty_dma(void)
{
	struct platform_device *device =
		platform_device_register_simple("sysgenid_faulty", -1, NULL, 0);

	if (IS_ERR(device))
		return PTR_ERR(device);
	dma_unmap_single(&device->dev, PAGE_SIZE, OBJECT_BYTES, DMA_TO_DEVICE);
	platform_device_unregister(device);
	return 0;
}

static const struct {
	const char *name;
	int (*make)(void);
} faults[] = {
	{ "use-after-free", faulty_use_after_free },
	{ "out-of-bounds", faulty_out_of_bounds },
	{ "leak", faulty_leak },
	{ "lock-order", faulty_lock_order },
	{ "sleep", faulty_sleep },
	{ "active-object", faulty_active_object },
	{ "dma", faulty_dma },
};

static int set_fault(const char *text, const struct kernel_param *kp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (sysfs_streq(text, faults[i].name))
			return faults[i].make();
	}
	return -EINVAL;
}

static const struct kernel_param_ops fault_ops = { .set = set_fault };
module_param_cb(fault, &fault_ops, NULL, 0200);

MODULE_DESCRIPTION("Has one fault of each kind that a debug kernel finds");
MODULE_LICENSE("GPL");
