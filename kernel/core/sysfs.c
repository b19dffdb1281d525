// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/misc/sysgenid/: what a person wants to see. Programs use the device or netlink. It is
 * about the domain of whoever reads: a container's own, which is all that concerns it.
 */
#include <linux/device.h>
#include <linux/pid_namespace.h>

#include "counter.h"
#include "domain.h"
#include "event.h"
#include "notify.h"
#include "reseed.h"
#include "sysfs.h"
#include "watcher.h"

static const char *const sysfs_cause_names[] = {
	[SYSGENID_CAUSE_NONE] = "none",
	[SYSGENID_CAUSE_IOCTL] = "ioctl",
	[SYSGENID_CAUSE_ADMIN] = "admin",
	[SYSGENID_CAUSE_RESTORE] = "restore",
	[SYSGENID_CAUSE_VIRTIO_LEAK] = "virtio-leak",
	[SYSGENID_CAUSE_VMGENID] = "vmgenid",
	[SYSGENID_CAUSE_KERNEL] = "kernel",
	[SYSGENID_CAUSE_VMCLOCK] = "vmclock",
	[SYSGENID_CAUSE_RESUME] = "resume",
};

static struct sysgenid_summary sysfs_summary(void)
{
	struct sysgenid_summary summary;

	/* A task that is killed has no use for an answer. */
	(void)sysgenid_sync_source();
	sysgenid_domain_summary(task_active_pid_ns(current), &summary);
	return summary;
}

static ssize_t generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", sysfs_summary().generation);
}
static DEVICE_ATTR_RO(generation);

static ssize_t watchers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", sysfs_summary().watchers);
}
static DEVICE_ATTR_RO(watchers);

static ssize_t outdated_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", sysfs_summary().outdated);
}
static DEVICE_ATTR_RO(outdated);

static ssize_t last_cause_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	BUILD_BUG_ON(ARRAY_SIZE(sysfs_cause_names) != __SYSGENID_CAUSE_MAX);
	return sysfs_emit(buf, "%s\n", sysfs_cause_names[sysfs_summary().last_cause]);
}
static DEVICE_ATTR_RO(last_cause);

/* EAGAIN: the reseed is still to come. ENODATA: nobody here has the device open. */
static ssize_t incarnation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sysgenid_summary summary = sysfs_summary();

	if (!summary.exists)
		return -ENODATA;
	if (!summary.identified)
		return -EAGAIN;
	return sysfs_emit(buf, "%*phN\n", (int)sizeof(summary.incarnation), summary.incarnation);
}
static DEVICE_ATTR_RO(incarnation);

/* Containers may not know of each other. */
static bool sysfs_reader_is_in_container(void)
{
	return task_active_pid_ns(current) != &init_pid_ns;
}

/* How many there are besides the system's. */
static ssize_t domains_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	if (sysfs_reader_is_in_container())
		return -EACCES;
	return sysfs_emit(buf, "%u\n", sysgenid_domain_count());
}
static DEVICE_ATTR_RO(domains);

/* All domains' events since the module was loaded: "CAUSE NUMBER" a line. */
static ssize_t events_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	ssize_t length = 0;
	int cause;

	if (sysfs_reader_is_in_container())
		return -EACCES;
	for (cause = SYSGENID_CAUSE_NONE + 1; cause < __SYSGENID_CAUSE_MAX; cause++)
		length += sysfs_emit_at(buf, length, "%s %lu\n", sysfs_cause_names[cause],
					sysgenid_event_count(cause));
	return length;
}
static DEVICE_ATTR_RO(events);

static ssize_t reseeds_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct sysgenid_reseed_stats stats;

	if (sysfs_reader_is_in_container())
		return -EACCES;
	sysgenid_reseed_stats(&stats);
	return sysfs_emit(buf, "%llu tried, %llu failed, %llu ns\n", stats.tries, stats.failures,
			  stats.ns);
}
static DEVICE_ATTR_RO(reseeds);

static struct attribute *sysfs_attrs[] = {
	&dev_attr_generation.attr,  &dev_attr_watchers.attr, &dev_attr_outdated.attr,
	&dev_attr_last_cause.attr,  &dev_attr_domains.attr,  &dev_attr_events.attr,
	&dev_attr_incarnation.attr, &dev_attr_reseeds.attr,  NULL,
};

static const struct attribute_group sysfs_group = {
	.attrs = sysfs_attrs,
};

const struct attribute_group *sysgenid_sysfs_groups[] = {
	&sysfs_group,
	NULL,
};
