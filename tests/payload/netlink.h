/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NETLINK_H
#define NETLINK_H

#include "genl.h"

int netlink_trigger(struct genl *socket, uint32_t min, struct genl_reply *reply);
void netlink_events(void); /* netlink-events.c */

#endif /* NETLINK_H */
