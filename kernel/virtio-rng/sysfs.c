// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/virtio-rng/virtio_rng.N: the interface of the RFC's driver of January 2023, and what a
 * person wants to know of the device.
 *
 *	vm_gen_counter	read: 8 bytes at any position, the generation as a number of 64 bits.
 *			mmap: the generation page, read-only.
 *			poll: POLLPRI | POLLERR when it has changed since the last read.
 *	leak		none, latch, plain, interrupt or broken; see docs/vm.md.
 *	reports		how often the device has reported leaks.
 *	domains		"N of M": the device moves the words of N domains besides the system's
 *			before any CPU runs, and has room for M, the pool included. The words of
 *			further ones move when the interrupt is handled.
 */
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "sysgenid.h"
#include "sysfs.h"
#include "vrng.h"

static struct kobject *sysfs_root; /* /sys/virtio-rng */

static struct vrng *sysfs_vrng(struct kobject *kobj)
{
	return container_of(kobj, struct vrng, kobj);
}

static ssize_t sysfs_counter_read(struct file *file, struct kobject *kobj,
				  SYSGENID_BIN_CONST struct bin_attribute *attr, char *buf,
				  loff_t position, size_t count)
{
	u64 generation = sysgenid_generation();

	if (count < sizeof(generation))
		return -EINVAL;
	memcpy(buf, &generation, sizeof(generation));
	return sizeof(generation);
}

static int sysfs_counter_mmap(struct file *file, struct kobject *kobj,
			      SYSGENID_BIN_MMAP_CONST struct bin_attribute *attr,
			      struct vm_area_struct *vma)
{
	return sysgenid_map(vma, sysfs_vrng(kobj)->leak.page);
}

/* Without a size: sysfs would end reads at it. */
static SYSGENID_BIN_CONST struct bin_attribute sysfs_counter_attr = {
	.attr = { .name = "vm_gen_counter", .mode = 0444 },
	.read = sysfs_counter_read,
	.mmap = sysfs_counter_mmap,
};

static ssize_t leak_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", vrng_leak_describe(&sysfs_vrng(kobj)->leak));
}

static ssize_t reports_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct vrng_leak *leak = &sysfs_vrng(kobj)->leak;
	u64 reports;

	spin_lock_irq(&leak->lock);
	reports = leak->reports;
	spin_unlock_irq(&leak->lock);
	return sysfs_emit(buf, "%llu\n", reports);
}

static ssize_t domains_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct vrng_leak *leak = &sysfs_vrng(kobj)->leak;

	/* Containers may not know of each other. */
	if (task_active_pid_ns(current) != &init_pid_ns)
		return -EACCES;
	return sysfs_emit(buf, "%u of %u\n", READ_ONCE(leak->cover_count),
			  leak->present ? leak->cover_limit : 0);
}

static struct kobj_attribute leak_attr = __ATTR_RO(leak);
static struct kobj_attribute reports_attr = __ATTR_RO(reports);
static struct kobj_attribute domains_attr = __ATTR_RO(domains);

static struct attribute *vrng_attrs[] = {
	&leak_attr.attr,
	&reports_attr.attr,
	&domains_attr.attr,
	NULL,
};

static SYSGENID_BIN_CONST struct bin_attribute *SYSGENID_BIN_CONST vrng_bin_attrs[] = {
	&sysfs_counter_attr,
	NULL,
};

static const struct attribute_group vrng_group = {
	.attrs = vrng_attrs,
	.bin_attrs = vrng_bin_attrs,
};

static const struct attribute_group *vrng_groups[] = {
	&vrng_group,
	NULL,
};

static void sysfs_release(struct kobject *kobj)
{
	complete(&sysfs_vrng(kobj)->released);
}

static const struct kobj_type vrng_type = {
	.release = sysfs_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = vrng_groups,
};

static int sysfs_changed(struct notifier_block *nb, unsigned long cause, void *generation)
{
	struct vrng *vrng = container_of(nb, struct vrng, changed);

	sysfs_notify(&vrng->kobj, NULL, sysfs_counter_attr.attr.name);
	return NOTIFY_OK;
}

/*
 * From here on, also after an error, ->released is completed when the kobject is put for the last
 * time.
 */
int vrng_sysfs_add(struct vrng *vrng)
{
	int ret;

	init_completion(&vrng->released);
	ret = kobject_init_and_add(&vrng->kobj, &vrng_type, sysfs_root, "%s", vrng->name);
	if (ret)
		return ret;
	vrng->changed.notifier_call = sysfs_changed;
	return sysgenid_register_notifier(&vrng->changed);
}

/* Mappings of the file are gone after this: an access gives SIGBUS. */
void vrng_sysfs_remove(struct vrng *vrng)
{
	sysgenid_unregister_notifier(&vrng->changed);
	kobject_del(&vrng->kobj);
}

int vrng_sysfs_init(void)
{
	sysfs_root = kobject_create_and_add("virtio-rng", NULL);
	return sysfs_root ? 0 : -ENOMEM;
}

void vrng_sysfs_exit(void)
{
	kobject_put(sysfs_root);
}
