/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_NETLINK_H
#define SYSGENID_NETLINK_H

#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

int sysgenid_netlink_register(void);
void sysgenid_netlink_unregister(void);
void sysgenid_netlink_event(u32 generation, enum sysgenid_cause cause);

#endif /* SYSGENID_NETLINK_H */
