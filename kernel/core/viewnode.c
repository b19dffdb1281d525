// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sysgenid-vmclock: the domain's generation as a VMClock page. It behaves as the kernel's own
 * /dev/vmclock0, whose place it takes in a container.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "device.h"
#include "notify.h"
#include "sysgenid.h"
#include "view.h"
#include "viewnode.h"
#include "watcher.h"

static int viewnode_open(struct inode *inode, struct file *file)
{
	struct sysgenid_watcher *watcher;
	int ret = sysgenid_device_attach(file, FMODE_READ);

	if (ret)
		return ret;
	watcher = file->private_data;
	/* Nobody has read this file: if there ever was an event it is news. */
	watcher->acknowledged = 0;
	ret = sysgenid_view_make(watcher->counter);
	if (ret)
		sysgenid_device_release(inode, file);
	return ret;
}

/* A consistent copy of the page. Who has read a generation has acknowledged it. */
static ssize_t viewnode_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct sysgenid_watcher *watcher = file->private_data;
	void *page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	u32 generation;
	ssize_t ret;

	if (!page)
		return -ENOMEM;
	ret = sysgenid_sync_source();
	if (!ret) {
		generation = sysgenid_view_sync(watcher->counter, page);
		ret = simple_read_from_buffer(buf, count, ppos, page, PAGE_SIZE);
		/* A read at the end has not seen the page. Fails if the generation has moved on. */
		if (ret > 0)
			(void)sysgenid_watcher_acknowledge(watcher, generation);
	}
	kfree(page);
	return ret;
}

static __poll_t viewnode_poll(struct file *file, poll_table *wait)
{
	struct sysgenid_watcher *watcher = file->private_data;
	__poll_t news = sysgenid_device_poll(file, wait);

	/* What is news is in the page by now, also if a device has stored it. */
	(void)sysgenid_view_sync(watcher->counter, NULL);
	return news;
}

static int viewnode_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sysgenid_watcher *watcher = file->private_data;

	if (vma->vm_flags & VM_WRITE)
		return -EROFS;
	return sysgenid_map(vma, sysgenid_view_page(watcher->counter));
}

static const struct file_operations viewnode_fops = {
	.owner = THIS_MODULE,
	.open = viewnode_open,
	.release = sysgenid_device_release,
	.read = viewnode_read,
	.poll = viewnode_poll,
	.llseek = default_llseek,
	.mmap = viewnode_mmap,
	.unlocked_ioctl = sysgenid_device_ioctl,
	.compat_ioctl = sysgenid_device_ioctl,
	.show_fdinfo = sysgenid_device_fdinfo,
};

static struct miscdevice viewnode_misc = {
	.name = "sysgenid-vmclock",
	.mode = 0444,
	.fops = &viewnode_fops,
};

static bool viewnode_exists;

/* The counter does without the view, so a minor that is taken is no reason not to load. */
void sysgenid_viewnode_register(unsigned int minor)
{
	int ret;

	viewnode_misc.minor = minor;
	ret = misc_register(&viewnode_misc);
	if (ret)
		pr_warn("there is no /dev/%s: cannot register minor %u: error %d; is it taken (see "
			"/proc/misc)? Choose another with view_minor=\n",
			viewnode_misc.name, minor, ret);
	viewnode_exists = !ret;
}

void sysgenid_viewnode_unregister(void)
{
	if (viewnode_exists)
		misc_deregister(&viewnode_misc);
}

unsigned int sysgenid_viewnode_minor(void)
{
	return viewnode_exists ? viewnode_misc.minor : 0;
}
