/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_VIEWNODE_H
#define SYSGENID_VIEWNODE_H

int sysgenid_viewnode_register(unsigned int minor);
void sysgenid_viewnode_unregister(void);
unsigned int sysgenid_viewnode_minor(void);

#endif /* SYSGENID_VIEWNODE_H */
