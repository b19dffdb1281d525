/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_NETLINK_H
#define SYSGENID_NETLINK_H

int sysgenid_netlink_register(void);
void sysgenid_netlink_unregister(void);

#endif /* SYSGENID_NETLINK_H */
