/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_DEVICE_H
#define SYSGENID_DEVICE_H

#include <linux/types.h>

struct file;
struct inode;
struct poll_table_struct;
struct seq_file;

/*
 * For another node of this module: ->private_data becomes a watcher of the caller's domain.
 * @acknowledges: the mode in which a file must be open that can acknowledge.
 */
int sysgenid_device_attach(struct file *file, fmode_t acknowledges);
int sysgenid_device_release(struct inode *inode, struct file *file);
__poll_t sysgenid_device_poll(struct file *file, struct poll_table_struct *wait);
long sysgenid_device_ioctl(struct file *file, unsigned int request, unsigned long arg);
void sysgenid_device_fdinfo(struct seq_file *m, struct file *file);

int sysgenid_device_register(unsigned int minor);
void sysgenid_device_unregister(void);
unsigned int sysgenid_device_minor(void);

#endif /* SYSGENID_DEVICE_H */
