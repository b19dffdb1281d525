// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sysgenid. Compatible with the SysGenID driver v7; the uapi header is the specification.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "counter.h"
#include "device.h"
#include "domain.h"
#include "event.h"
#include "notify.h"
#include "reseed.h"
#include "sysfs.h"
#include "sysgenid.h"
#include "vmclock.h"
#include "watcher.h"

int sysgenid_device_attach(struct file *file, fmode_t acknowledges)
{
	struct sysgenid_watcher *watcher = kmalloc(sizeof(*watcher), GFP_KERNEL_ACCOUNT);
	struct sysgenid_counter *domain;
	bool made;

	if (!watcher)
		return -ENOMEM;
	domain = sysgenid_domain_get(task_active_pid_ns(current), &made);
	if (IS_ERR(domain)) {
		kfree(watcher);
		return PTR_ERR(domain);
	}
	if (made)
		sysgenid_reseed_adopt(domain);
	sysgenid_watcher_init(watcher, domain);
	watcher->acknowledges = acknowledges;
	file->private_data = watcher;
	return 0;
}

static int device_open(struct inode *inode, struct file *file)
{
	int ret = sysgenid_device_attach(file, FMODE_WRITE);

	return ret ? ret : stream_open(inode, file);
}

int sysgenid_device_release(struct inode *inode, struct file *file)
{
	struct sysgenid_watcher *watcher = file->private_data;

	sysgenid_watcher_track(watcher, false);
	sysgenid_domain_put(watcher->counter);
	kfree(watcher);
	return 0;
}

static ssize_t device_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct sysgenid_watcher *watcher = file->private_data;
	u32 generation;
	int ret;

	if (!count)
		return 0;
	if (count < sizeof(generation))
		return -EINVAL;
	ret = sysgenid_sync_source();
	if (ret)
		return ret;
	if (file->f_flags & O_NONBLOCK) {
		if (!sysgenid_watcher_outdated(watcher, &generation))
			return -EAGAIN;
	} else {
		ret = sysgenid_watcher_wait_outdated(watcher, &generation);
		if (ret)
			return ret;
	}
	if (copy_to_user(buf, &generation, sizeof(generation)))
		return -EFAULT;
	return sizeof(generation);
}

static ssize_t device_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	u32 generation;
	int ret;

	if (count != sizeof(generation))
		return -ENOBUFS;
	if (copy_from_user(&generation, buf, sizeof(generation)))
		return -EFAULT;
	ret = sysgenid_sync_source();
	if (!ret)
		ret = sysgenid_watcher_acknowledge(file->private_data, generation);
	return ret ? ret : sizeof(generation);
}

__poll_t sysgenid_device_poll(struct file *file, poll_table *wait)
{
	struct sysgenid_watcher *watcher = file->private_data;
	u32 generation;

	/* Queue first, then look: an event in between wakes this task. */
	poll_wait(file, &watcher->counter->changed, wait);
	poll_wait(file, &watcher->own, wait);
	if (sysgenid_sync_source())
		return 0; /* killed */
	return sysgenid_watcher_outdated(watcher, &generation) ? EPOLLIN | EPOLLRDNORM : 0;
}

static bool device_may_trigger(const struct sysgenid_counter *counter)
{
	struct user_namespace *owner = counter->pid_ns->user_ns;

	/* CAP_SYS_ADMIN last: its use is audited. */
	return ns_capable(owner, CAP_CHECKPOINT_RESTORE) || ns_capable(owner, CAP_SYS_ADMIN);
}

long sysgenid_device_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	struct sysgenid_watcher *watcher = file->private_data;
	u32 value = arg, generation;
	int ret;

	switch (request) {
	case SYSGENID_SET_WATCHER_TRACKING:
		/* Others would wait for ever for a file that can never acknowledge. */
		if (value && !(file->f_mode & watcher->acknowledges))
			return -EBADF;
		sysgenid_watcher_track(watcher, value);
		return 0;
	case SYSGENID_WAIT_WATCHERS:
		ret = sysgenid_sync_source();
		return ret ? ret : sysgenid_watcher_wait_settled(watcher, value);
	case SYSGENID_TRIGGER_GEN_UPDATE:
		if (!device_may_trigger(watcher->counter))
			return -EACCES;
		return sysgenid_event(watcher->counter, value, SYSGENID_CAUSE_IOCTL, &generation);
	case SYSGENID_MARK_OUTDATED:
		sysgenid_watcher_force_outdated(watcher);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sysgenid_watcher *watcher = file->private_data;

	if (vma->vm_pgoff == SYSGENID_MAP_VMCLOCK)
		return sysgenid_vmclock_map(vma);
	return sysgenid_map(vma, watcher->counter->page);
}

void sysgenid_device_fdinfo(struct seq_file *m, struct file *file)
{
	struct sysgenid_watcher *watcher = file->private_data;
	struct sysgenid_counter *counter = watcher->counter;
	u32 generation, acknowledged, highest;
	bool outdated, tracked;

	outdated = sysgenid_watcher_outdated(watcher, &generation);
	spin_lock_irq(&counter->lock);
	acknowledged = (u32)watcher->acknowledged;
	tracked = watcher->tracked;
	highest = (u32)counter->highest;
	spin_unlock_irq(&counter->lock);
	seq_printf(m, "sysgenid-generation:\t%u\n", generation);
	seq_printf(m, "sysgenid-acknowledged:\t%u\n", acknowledged);
	seq_printf(m, "sysgenid-outdated:\t%d\n", outdated);
	seq_printf(m, "sysgenid-tracked:\t%d\n", tracked);
	seq_printf(m, "sysgenid-highest:\t%u\n", highest);
	seq_printf(m, "sysgenid-domain:\t%u\n", counter->pid_ns->ns.inum);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = sysgenid_device_release,
	.read = device_read,
	.write = device_write,
	.poll = sysgenid_device_poll,
	.mmap = device_mmap,
	.unlocked_ioctl = sysgenid_device_ioctl,
	/* The arguments are numbers of 32 bits and not pointers: nothing to convert. */
	.compat_ioctl = sysgenid_device_ioctl,
	.show_fdinfo = sysgenid_device_fdinfo,
};

static struct miscdevice device_misc = {
	.name = "sysgenid",
	.mode = 0666,
	.fops = &device_fops,
	.groups = sysgenid_sysfs_groups,
};

int sysgenid_device_register(unsigned int minor)
{
	device_misc.minor = minor;
	return misc_register(&device_misc);
}

void sysgenid_device_unregister(void)
{
	misc_deregister(&device_misc);
}

unsigned int sysgenid_device_minor(void)
{
	return device_misc.minor;
}
