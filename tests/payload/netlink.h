/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NETLINK_H
#define NETLINK_H

#include "genl.h"

int netlink_trigger(struct genl *socket, uint32_t min, struct genl_reply *reply);
void netlink_events(void); /* netlink-events.c */

/* netlink-min.c. After netlink_jumps() the number space is used up: call it last. */
void netlink_min(struct genl *genl);
void netlink_jumps(struct genl *genl);

#endif /* NETLINK_H */
