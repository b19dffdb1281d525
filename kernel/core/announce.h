/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_ANNOUNCE_H
#define SYSGENID_ANNOUNCE_H

#include <linux/types.h>
#include <net/genetlink.h>

#include <uapi/linux/sysgenid.h>

struct pid_namespace;
struct sk_buff;
struct sysgenid_counter;

/* The family's multicast groups. */
#define SYSGENID_ANNOUNCE_GROUPS 6
extern const struct genl_multicast_group sysgenid_announce_groups[];

/* A message with the command's header, or NULL. It has room for all attributes that there are. */
struct sk_buff *sysgenid_announce_message(const struct genl_family *family, u32 portid, u32 seq,
					  u8 command, void **header);
void sysgenid_announce_put_domain(struct sk_buff *skb, struct pid_namespace *ns, u32 generation);

/* From here on listeners are told. @family is registered; NULL: not any more. */
void sysgenid_announce_start(const struct genl_family *family);

/* Caller holds ->events. */
void sysgenid_announce_event(struct sysgenid_counter *counter, u32 generation,
			     enum sysgenid_cause cause);
/* That all watchers have acknowledged, if that is so. */
void sysgenid_announce_settled(struct sysgenid_counter *counter);
/* That the generation has its incarnation, unless it has moved on. */
void sysgenid_announce_incarnation(struct sysgenid_counter *counter);

#endif /* SYSGENID_ANNOUNCE_H */
