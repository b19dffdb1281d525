/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_VIEWNODE_H
#define SYSGENID_VIEWNODE_H

void sysgenid_viewnode_register(unsigned int minor);
void sysgenid_viewnode_unregister(void);
unsigned int sysgenid_viewnode_minor(void); /* 0: there is no view */

#endif /* SYSGENID_VIEWNODE_H */
