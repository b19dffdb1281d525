// SPDX-License-Identifier: GPL-2.0-only
/* Tells listeners on generic netlink what has happened: this module's messages and groups. */
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <net/genetlink.h>

#include "announce.h"
#include "counter.h"
#include "notify.h"

static const struct genl_family *announce_family;

/* The system's group of a kind, and then that of all other domains. */
enum {
	ANNOUNCE_EVENTS,
	ANNOUNCE_DOMAINS,
	ANNOUNCE_SETTLED,
	ANNOUNCE_DOMAINS_SETTLED,
	ANNOUNCE_INCARNATIONS,
	ANNOUNCE_DOMAINS_INCARNATIONS,
};

const struct genl_multicast_group sysgenid_announce_groups[] = {
	[ANNOUNCE_EVENTS] = { .name = SYSGENID_GENL_GROUP },
	[ANNOUNCE_DOMAINS] = { .name = SYSGENID_GENL_GROUP_DOMAINS,
			       .flags = GENL_MCAST_CAP_SYS_ADMIN },
	[ANNOUNCE_SETTLED] = { .name = SYSGENID_GENL_GROUP_SETTLED },
	[ANNOUNCE_DOMAINS_SETTLED] = { .name = SYSGENID_GENL_GROUP_DOMAINS_SETTLED,
				       .flags = GENL_MCAST_CAP_SYS_ADMIN },
	[ANNOUNCE_INCARNATIONS] = { .name = SYSGENID_GENL_GROUP_INCARNATIONS },
	[ANNOUNCE_DOMAINS_INCARNATIONS] = { .name = SYSGENID_GENL_GROUP_DOMAINS_INCARNATIONS,
					    .flags = GENL_MCAST_CAP_SYS_ADMIN },
};

struct sk_buff *sysgenid_announce_message(const struct genl_family *family, u32 portid, u32 seq,
					  u8 command, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (skb)
		*header = genlmsg_put(skb, portid, seq, family, 0, command);
	return skb;
}

void sysgenid_announce_put_domain(struct sk_buff *skb, struct pid_namespace *ns, u32 generation)
{
	nla_put_u32(skb, SYSGENID_A_GENERATION, generation);
	nla_put_u32(skb, SYSGENID_A_DOMAIN, ns->ns.inum);
}

/* For each enum sysgenid_notice_type: the command, and the system's group. */
static const struct {
	u8 command;
	u8 group;
} announce_notices[] = {
	[SYSGENID_NOTICE_EVENT] = { SYSGENID_CMD_EVENT, ANNOUNCE_EVENTS },
	[SYSGENID_NOTICE_SETTLED] = { SYSGENID_CMD_SETTLED, ANNOUNCE_SETTLED },
	[SYSGENID_NOTICE_INCARNATION] = { SYSGENID_CMD_INCARNATION, ANNOUNCE_INCARNATIONS },
};

/*
 * Sends a notice to the initial network namespace only: what happens on the host does not concern
 * its containers. Listeners who miss one see ENOBUFS, and ask with GET.
 */
static int announce_heard(struct notifier_block *nb, unsigned long type, void *data)
{
	const struct sysgenid_notice *notice = data;
	bool system = notice->counter == &sysgenid_system;
	unsigned int group = announce_notices[type].group + (system ? 0 : 1);
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(announce_family, &init_net, group))
		return NOTIFY_OK;
	skb = sysgenid_announce_message(announce_family, 0, 0, announce_notices[type].command,
					&header);
	if (!skb) {
		genl_set_err(announce_family, &init_net, 0, group, -ENOBUFS);
		return NOTIFY_OK;
	}
	sysgenid_announce_put_domain(skb, notice->counter->pid_ns, notice->generation);
	if (type == SYSGENID_NOTICE_EVENT)
		nla_put_u32(skb, SYSGENID_A_CAUSE, notice->cause);
	else if (type == SYSGENID_NOTICE_SETTLED)
		nla_put_u32(skb, SYSGENID_A_WATCHERS, notice->watchers);
	else
		nla_put(skb, SYSGENID_A_INCARNATION, SYSGENID_INCARNATION_SIZE,
			notice->incarnation);
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(announce_family, &init_net, skb, 0, group, GFP_KERNEL);
	return NOTIFY_OK;
}

static struct notifier_block announce_listener = { .notifier_call = announce_heard };

void sysgenid_announce_start(const struct genl_family *family)
{
	BUILD_BUG_ON(ARRAY_SIZE(sysgenid_announce_groups) != SYSGENID_ANNOUNCE_GROUPS);
	announce_family = family;
	sysgenid_listen(&announce_listener);
}

void sysgenid_announce_stop(void)
{
	sysgenid_unlisten(&announce_listener);
}
