// SPDX-License-Identifier: GPL-2.0-only
/* Tells listeners on generic netlink what has happened: this module's messages and groups. */
#include <linux/lockdep.h>
#include <linux/pid_namespace.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <net/genetlink.h>

#include "announce.h"
#include "counter.h"
#include "watcher.h"

/* Room for each attribute once. All are numbers, but for the incarnation. */
#define ANNOUNCE_SIZE                                                                              \
	(SYSGENID_A_MAX * nla_total_size(sizeof(u32)) + nla_total_size(SYSGENID_INCARNATION_SIZE))

static const struct genl_family *announce_family; /* NULL: none is registered */
static DECLARE_RWSEM(announce_lock);		  /* guards it */

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
	struct sk_buff *skb = genlmsg_new(ANNOUNCE_SIZE, GFP_KERNEL);

	if (skb)
		*header = genlmsg_put(skb, portid, seq, family, 0, command);
	return skb;
}

void sysgenid_announce_put_domain(struct sk_buff *skb, struct pid_namespace *ns, u32 generation)
{
	nla_put_u32(skb, SYSGENID_A_GENERATION, generation);
	nla_put_u32(skb, SYSGENID_A_DOMAIN, ns->ns.inum);
}

/* What is told of a counter: the command, the system's group, and what the message has besides. */
struct announce_kind {
	u8 command;
	u8 group;
	u8 attribute;
	u8 size;
};

static const struct announce_kind announce_event = { SYSGENID_CMD_EVENT, ANNOUNCE_EVENTS,
						     SYSGENID_A_CAUSE, sizeof(u32) };
static const struct announce_kind announce_settled = { SYSGENID_CMD_SETTLED, ANNOUNCE_SETTLED,
						       SYSGENID_A_WATCHERS, sizeof(u32) };
static const struct announce_kind announce_incarnation = { SYSGENID_CMD_INCARNATION,
							   ANNOUNCE_INCARNATIONS,
							   SYSGENID_A_INCARNATION,
							   SYSGENID_INCARNATION_SIZE };

/* Caller holds announce_lock, and there is a family. */
static void announce_send(struct sysgenid_counter *counter, const struct announce_kind *kind,
			  u32 generation, const void *value)
{
	unsigned int group = kind->group + (counter == &sysgenid_system ? 0 : 1);
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(announce_family, &init_net, group))
		return;
	skb = sysgenid_announce_message(announce_family, 0, 0, kind->command, &header);
	if (!skb) {
		genl_set_err(announce_family, &init_net, 0, group, -ENOBUFS);
		return;
	}
	sysgenid_announce_put_domain(skb, counter->pid_ns, generation);
	nla_put(skb, kind->attribute, kind->size, value);
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(announce_family, &init_net, skb, 0, group, GFP_KERNEL);
}

/*
 * Tells the initial network namespace only: what happens on the host does not concern its
 * containers. Listeners who miss something see ENOBUFS, and ask with GET.
 */
static void announce(struct sysgenid_counter *counter, const struct announce_kind *kind,
		     u32 generation, const void *value)
{
	unsigned int flags;

	/* Listeners hear of a counter's events in order. */
	lockdep_assert_held(&counter->events);
	/* Whoever waits for ->events may be the one who writes memory out. */
	flags = memalloc_noio_save();
	down_read(&announce_lock);
	if (announce_family)
		announce_send(counter, kind, generation, value);
	up_read(&announce_lock);
	memalloc_noio_restore(flags);
}

void sysgenid_announce_event(struct sysgenid_counter *counter, u32 generation,
			     enum sysgenid_cause cause)
{
	u32 value = cause;

	announce(counter, &announce_event, generation, &value);
}

void sysgenid_announce_settled(struct sysgenid_counter *counter)
{
	struct sysgenid_summary summary;

	sysgenid_counter_summary(counter, &summary);
	if (!summary.outdated)
		announce(counter, &announce_settled, summary.generation, &summary.watchers);
}

void sysgenid_announce_incarnation(struct sysgenid_counter *counter)
{
	struct sysgenid_summary summary;

	sysgenid_counter_summary(counter, &summary);
	if (summary.identified)
		announce(counter, &announce_incarnation, summary.generation, summary.incarnation);
}

void sysgenid_announce_start(const struct genl_family *family)
{
	BUILD_BUG_ON(ARRAY_SIZE(sysgenid_announce_groups) != SYSGENID_ANNOUNCE_GROUPS);
	down_write(&announce_lock);
	announce_family = family;
	up_write(&announce_lock);
}
