// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control plane, by generic netlink: it is there in every network namespace and the device
 * cgroup does not filter it, so a restore tool that sits in a container's cgroups can use it.
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include "counter.h"
#include "device.h"
#include "netlink.h"
#include "reseed.h"

static struct genl_family family __ro_after_init;

static const struct nla_policy trigger_policy[] = {
	[SYSGENID_A_MIN_GENERATION] = { .type = NLA_U32 },
	[SYSGENID_A_CAUSE] = { .type = NLA_U32 },
	[SYSGENID_A_FORCE] = { .type = NLA_FLAG },
};

static struct sk_buff *new_message(struct genl_info *info, u8 command, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = info ? genlmsg_put_reply(skb, info, &family, 0, command)
		       : genlmsg_put(skb, 0, 0, &family, 0, command);
	if (!*header) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static int put_summary(struct sk_buff *skb, const struct sysgenid_summary *summary)
{
	return nla_put_u32(skb, SYSGENID_A_GENERATION, summary->generation) ||
	       nla_put_u32(skb, SYSGENID_A_HIGHEST, summary->highest) ||
	       nla_put_u32(skb, SYSGENID_A_WATCHERS, summary->watchers) ||
	       nla_put_u32(skb, SYSGENID_A_OUTDATED, summary->outdated) ||
	       nla_put_u32(skb, SYSGENID_A_CAUSE, summary->last_cause) ||
	       nla_put_u32(skb, SYSGENID_A_MINOR, sysgenid_device_minor());
}

static int do_get(struct sk_buff *request, struct genl_info *info)
{
	struct sysgenid_summary summary;
	struct sk_buff *skb;
	void *header;

	sysgenid_counter_summary(&sysgenid_system, &summary);
	skb = new_message(info, SYSGENID_CMD_GET, &header);
	if (!skb)
		return -ENOMEM;
	if (put_summary(skb, &summary)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

/* Not by a range in the policy: that gives ERANGE, which is for a generation that is too far above. */
static int get_cause(struct genl_info *info, enum sysgenid_cause *cause)
{
	u32 wished = SYSGENID_CAUSE_ADMIN;

	if (info->attrs[SYSGENID_A_CAUSE])
		wished = nla_get_u32(info->attrs[SYSGENID_A_CAUSE]);
	if (wished != SYSGENID_CAUSE_ADMIN && wished != SYSGENID_CAUSE_RESTORE) {
		NL_SET_ERR_MSG_ATTR(
			info->extack, info->attrs[SYSGENID_A_CAUSE],
			"the cause must be admin or restore: others are the kernel's own");
		return -EINVAL;
	}
	*cause = wished;
	return 0;
}

static int trigger_allowed(struct sk_buff *request, struct genl_info *info, u32 min)
{
	/* Both: who sends now and who opened the socket, so that a socket handed on carries no right. */
	if (!netlink_capable(request, CAP_CHECKPOINT_RESTORE) &&
	    !netlink_capable(request, CAP_SYS_ADMIN)) {
		NL_SET_ERR_MSG(info->extack, "moving the generation needs CAP_CHECKPOINT_RESTORE "
					     "or CAP_SYS_ADMIN in the initial user namespace");
		return -EPERM;
	}
	if (!info->attrs[SYSGENID_A_FORCE] &&
	    sysgenid_counter_jump_allowed(&sysgenid_system, min)) {
		NL_SET_ERR_MSG(info->extack, "the wished generation is too far above the current "
					     "one; force it if you trust where it comes from");
		return -ERANGE;
	}
	return 0;
}

static int do_trigger(struct sk_buff *request, struct genl_info *info)
{
	enum sysgenid_cause cause;
	struct sk_buff *skb;
	u32 min = 0, generation;
	void *header;
	int ret;

	if (info->attrs[SYSGENID_A_MIN_GENERATION])
		min = nla_get_u32(info->attrs[SYSGENID_A_MIN_GENERATION]);
	ret = trigger_allowed(request, info, min);
	if (ret)
		return ret;
	ret = get_cause(info, &cause);
	if (ret)
		return ret;
	/* Before the generation moves: nothing that comes after can fail for want of memory. */
	skb = new_message(info, SYSGENID_CMD_TRIGGER, &header);
	if (!skb)
		return -ENOMEM;
	generation = sysgenid_counter_bump(&sysgenid_system, min, cause);
	ret = sysgenid_reseed_wait(&sysgenid_system);
	if (ret)
		NL_SET_ERR_MSG(info->extack,
			       "the generation has moved, but the kernel's random number generator "
			       "could not be reseeded; see the kernel log");
	if (ret || nla_put_u32(skb, SYSGENID_A_GENERATION, generation) ||
	    nla_put_u32(skb, SYSGENID_A_MINOR, sysgenid_device_minor())) {
		nlmsg_free(skb);
		return ret ? -EIO : -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static const struct genl_ops operations[] = {
	{
		.cmd = SYSGENID_CMD_GET,
		.doit = do_get,
	},
	{
		.cmd = SYSGENID_CMD_TRIGGER,
		.doit = do_trigger,
		.policy = trigger_policy,
		.maxattr = ARRAY_SIZE(trigger_policy) - 1,
	},
};

enum { EVENTS };

static const struct genl_multicast_group groups[] = {
	[EVENTS] = { .name = SYSGENID_GENL_GROUP },
};

static struct genl_family family = {
	.name = SYSGENID_GENL_NAME,
	.version = SYSGENID_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops =
		true, /* a reseed must not hold up other families, which share one lock otherwise */
	.ops = operations,
	.n_ops = ARRAY_SIZE(operations),
	.resv_start_op = __SYSGENID_CMD_MAX,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/* To the initial network namespace only: what happens on the host does not concern its containers. */
void sysgenid_netlink_event(u32 generation, enum sysgenid_cause cause)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&family, &init_net, EVENTS))
		return;
	skb = new_message(NULL, SYSGENID_CMD_EVENT, &header);
	if (!skb)
		goto lost;
	if (nla_put_u32(skb, SYSGENID_A_GENERATION, generation) ||
	    nla_put_u32(skb, SYSGENID_A_CAUSE, cause)) {
		nlmsg_free(skb);
		goto lost;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&family, &init_net, skb, 0, EVENTS, GFP_KERNEL);
	return;
lost:
	/* Listeners see ENOBUFS and ask with GET. */
	genl_set_err(&family, &init_net, 0, EVENTS, -ENOBUFS);
}

int sysgenid_netlink_register(void)
{
	return genl_register_family(&family);
}

void sysgenid_netlink_unregister(void)
{
	genl_unregister_family(&family);
}
