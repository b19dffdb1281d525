/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_NETLINK_H
#define SYSGENID_NETLINK_H

#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct sysgenid_counter;
struct sysgenid_summary;

int sysgenid_netlink_register(void);
void sysgenid_netlink_unregister(void);
void sysgenid_netlink_event(struct sysgenid_counter *counter, u32 generation,
			    enum sysgenid_cause cause);
void sysgenid_netlink_settled(struct sysgenid_counter *counter,
			      const struct sysgenid_summary *summary);

#endif /* SYSGENID_NETLINK_H */
