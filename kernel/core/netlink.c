// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control plane, by generic netlink: it is there in every network namespace and the device
 * cgroup does not filter it, so a restore tool that sits in a container's cgroups can use it.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/ns_common.h>
#include <linux/pid_namespace.h>
#include <linux/proc_ns.h>
#include <net/genetlink.h>

#include "compat.h"
#include "counter.h"
#include "device.h"
#include "domain.h"
#include "event.h"
#include "netlink.h"
#include "notify.h"
#include "reseed.h"
#include "watcher.h"

static struct genl_family netlink_family __ro_after_init;

static const struct nla_policy netlink_get_policy[] = {
	[SYSGENID_A_PIDNS_FD] = { .type = NLA_U32 },
};

static const struct nla_policy netlink_reseed_policy[] = {
	[SYSGENID_A_MIN_GENERATION] = { .type = NLA_U32 },
	[SYSGENID_A_FORCE] = { .type = NLA_FLAG },
};

static const struct nla_policy netlink_trigger_policy[] = {
	[SYSGENID_A_MIN_GENERATION] = { .type = NLA_U32 },
	[SYSGENID_A_CAUSE] = { .type = NLA_U32 },
	[SYSGENID_A_FORCE] = { .type = NLA_FLAG },
	[SYSGENID_A_PIDNS_FD] = { .type = NLA_U32 },
};

/* The PID namespace that a descriptor of the caller's stands for, referenced; or an error. */
static struct pid_namespace *netlink_namespace_of(int fd)
{
	struct pid_namespace *found = ERR_PTR(-EINVAL);
	struct file *file = fget(fd);
	struct ns_common *ns;

	if (!file)
		return ERR_PTR(-EBADF);
	/* The files of that file system are namespaces and nothing else. */
	if (file_inode(file)->i_sb->s_magic == NSFS_MAGIC) {
		ns = get_proc_ns(file_inode(file));
		if (sysgenid_ns_type(ns) == CLONE_NEWPID)
			found = get_pid_ns(container_of(ns, struct pid_namespace, ns));
	}
	fput(file);
	return found;
}

/* The PID namespace that the request is about, referenced: @otherwise if it names none. */
static struct pid_namespace *netlink_subject(struct genl_info *info,
					     struct pid_namespace *otherwise)
{
	struct nlattr *fd = info->attrs[SYSGENID_A_PIDNS_FD];
	struct pid_namespace *ns;

	if (!fd)
		return get_pid_ns(otherwise);
	ns = netlink_namespace_of(nla_get_u32(fd));
	if (IS_ERR(ns))
		NL_SET_ERR_MSG_ATTR(info->extack, fd,
				    "this is no open descriptor of a PID namespace, such as "
				    "/proc/PID/ns/pid");
	return ns;
}

/*
 * May the sender move the generation of @ns? What counts is who sends; and, unless the message has
 * the kernel's address, also who opened the socket: a privileged program that is made to write to a
 * descriptor does not know that it is a socket of ours.
 */
static bool netlink_has_authority(struct sk_buff *request, struct pid_namespace *ns)
{
	return netlink_ns_capable(request, ns->user_ns, CAP_CHECKPOINT_RESTORE) ||
	       netlink_ns_capable(request, ns->user_ns, CAP_SYS_ADMIN);
}

static int netlink_need_authority(struct sk_buff *request, struct genl_info *info,
				  struct pid_namespace *ns)
{
	if (netlink_has_authority(request, ns))
		return 0;
	if (ns == &init_pid_ns)
		NL_SET_ERR_MSG(info->extack,
			       "this needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in "
			       "the initial user namespace");
	else
		NL_SET_ERR_MSG(info->extack,
			       "this needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in "
			       "the user namespace that owns the PID namespace");
	return -EPERM;
}

static struct sk_buff *netlink_new_message(struct genl_info *info, u8 command, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = info ? genlmsg_put_reply(skb, info, &netlink_family, 0, command)
		       : genlmsg_put(skb, 0, 0, &netlink_family, 0, command);
	if (!*header) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/* Sends the answer, or gives it up. */
static int netlink_reply(struct sk_buff *skb, void *header, struct genl_info *info, bool complete)
{
	if (!complete) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static int netlink_put_summary(struct sk_buff *skb, const struct sysgenid_summary *summary)
{
	return nla_put_u32(skb, SYSGENID_A_GENERATION, summary->generation) ||
	       nla_put_u32(skb, SYSGENID_A_HIGHEST, summary->highest) ||
	       nla_put_u32(skb, SYSGENID_A_WATCHERS, summary->watchers) ||
	       nla_put_u32(skb, SYSGENID_A_OUTDATED, summary->outdated) ||
	       nla_put_u32(skb, SYSGENID_A_CAUSE, summary->last_cause) ||
	       nla_put_u32(skb, SYSGENID_A_MINOR, sysgenid_device_minor());
}

static int netlink_get(struct sk_buff *request, struct genl_info *info, struct pid_namespace *ns)
{
	struct sysgenid_summary summary;
	struct sk_buff *skb;
	void *header;
	int ret = 0;

	/* Containers may not know of each other. */
	if (ns != task_active_pid_ns(current))
		ret = netlink_need_authority(request, info, ns);
	if (ret)
		return ret;
	sysgenid_domain_summary(ns, &summary);
	skb = netlink_new_message(info, SYSGENID_CMD_GET, &header);
	if (!skb)
		return -ENOMEM;
	return netlink_reply(skb, header, info,
			     !netlink_put_summary(skb, &summary) &&
				     !nla_put_u32(skb, SYSGENID_A_DOMAIN, ns->ns.inum));
}

static int netlink_do_get(struct sk_buff *request, struct genl_info *info)
{
	struct pid_namespace *ns = netlink_subject(info, task_active_pid_ns(current));
	int ret;

	if (IS_ERR(ns))
		return PTR_ERR(ns);
	ret = netlink_get(request, info, ns);
	put_pid_ns(ns);
	return ret;
}

/*
 * Not by a range in the policy: that gives ERANGE, which is for a generation that is too far above.
 */
static int netlink_get_cause(struct genl_info *info, enum sysgenid_cause *cause)
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

static u32 netlink_get_min(struct genl_info *info)
{
	struct nlattr *min = info->attrs[SYSGENID_A_MIN_GENERATION];

	return min ? nla_get_u32(min) : 0;
}

static int netlink_jump_allowed(struct genl_info *info)
{
	int ret;

	if (info->attrs[SYSGENID_A_FORCE])
		return 0;
	ret = sysgenid_counter_allow_jump(&sysgenid_system, netlink_get_min(info));
	if (ret == -ERANGE)
		NL_SET_ERR_MSG(info->extack, "the wished generation is too far above the highest "
					     "one; force it if you trust where it comes from");
	else if (ret)
		NL_SET_ERR_MSG(info->extack,
			       "since the module was loaded, wishes like this have "
			       "skipped too many numbers; force it if you trust where "
			       "it comes from");
	return ret ? -ERANGE : 0;
}

static int netlink_trigger_allowed(struct sk_buff *request, struct genl_info *info,
				   struct pid_namespace *ns)
{
	int ret = netlink_need_authority(request, info, ns);

	/* Another domain's numbers are its own business. */
	return ret || ns != &init_pid_ns ? ret : netlink_jump_allowed(info);
}

/*
 * All of generic netlink shares a lock, which is held until all requests of a buffer are answered:
 * of a container's only the last one may wait.
 */
static int netlink_may_wait(struct sk_buff *request, struct genl_info *info)
{
	if (netlink_has_authority(request, &init_pid_ns) ||
	    request->len <= NLMSG_ALIGN(info->nlhdr->nlmsg_len))
		return 0;
	NL_SET_ERR_MSG(info->extack,
		       "another request follows in the same buffer: send one at a time");
	return -EBUSY;
}

/* Waits until the generator has been reseeded: 0 or -EIO. */
static int netlink_reseed_and_wait(struct sk_buff *request)
{
	/*
	 * A container may make it happen, but not all the time; nor have others wait in vain again
	 * and again.
	 */
	bool now = netlink_has_authority(request, &init_pid_ns);

	sysgenid_reseed_start(now ? SYSGENID_RESEED_NOW : SYSGENID_RESEED_LATER);
	if (!now && sysgenid_reseed_fails())
		return -EIO;
	return sysgenid_reseed_wait() ? -EIO : 0;
}

/* Of a domain that is not there nobody has anything open: there is no generation to move. */
static int netlink_move(struct pid_namespace *ns, u32 min, enum sysgenid_cause cause,
			u32 *generation)
{
	struct sysgenid_counter *domain = sysgenid_domain_find(ns);
	int ret = 0;

	if (!domain)
		*generation = (u32)sysgenid_counter_next(&sysgenid_system);
	else
		ret = sysgenid_event_soon(domain, min, cause, generation);
	if (domain)
		sysgenid_domain_put(domain);
	return ret;
}

static int netlink_trigger(struct sk_buff *request, struct genl_info *info,
			   struct pid_namespace *ns)
{
	enum sysgenid_cause cause;
	struct sk_buff *skb;
	u32 generation;
	void *header;
	int ret;

	ret = netlink_get_cause(info, &cause);
	if (ret)
		return ret;
	ret = netlink_trigger_allowed(request, info, ns);
	if (!ret)
		ret = netlink_may_wait(request, info);
	if (ret)
		return ret;
	/* Before the generation moves: nothing that comes after can fail for want of memory. */
	skb = netlink_new_message(info, SYSGENID_CMD_TRIGGER, &header);
	if (!skb)
		return -ENOMEM;
	ret = netlink_move(ns, netlink_get_min(info), cause, &generation);
	if (ret) {
		NL_SET_ERR_MSG(info->extack, "others move this generation all the time: try again");
		nlmsg_free(skb);
		return ret;
	}
	ret = netlink_reseed_and_wait(request);
	if (ret) {
		NL_SET_ERR_MSG(info->extack,
			       "the generation has moved, but the kernel's random number generator "
			       "could not be reseeded; see the kernel log");
		nlmsg_free(skb);
		return ret;
	}
	return netlink_reply(skb, header, info,
			     !nla_put_u32(skb, SYSGENID_A_GENERATION, generation) &&
				     !nla_put_u32(skb, SYSGENID_A_DOMAIN, ns->ns.inum) &&
				     !nla_put_u32(skb, SYSGENID_A_MINOR, sysgenid_device_minor()));
}

static int netlink_do_trigger(struct sk_buff *request, struct genl_info *info)
{
	struct pid_namespace *ns = netlink_subject(info, &init_pid_ns);
	int ret;

	if (IS_ERR(ns))
		return PTR_ERR(ns);
	ret = netlink_trigger(request, info, ns);
	put_pid_ns(ns);
	return ret;
}

static int netlink_do_reseed(struct sk_buff *request, struct genl_info *info)
{
	int ret = netlink_need_authority(request, info, &init_pid_ns);
	struct sk_buff *skb;
	void *header;
	u32 generation;

	if (!ret)
		ret = netlink_jump_allowed(info);
	if (ret)
		return ret;
	/* What the domain of a restored container begins with, nobody in it has seen before. */
	sysgenid_counter_reserve(&sysgenid_system, netlink_get_min(info));
	ret = netlink_reseed_and_wait(request);
	if (ret) {
		NL_SET_ERR_MSG(info->extack, "the kernel's random number generator could not be "
					     "reseeded; see the kernel log");
		return ret;
	}
	skb = netlink_new_message(info, SYSGENID_CMD_RESEED, &header);
	if (!skb)
		return -ENOMEM;
	generation = sysgenid_counter_generation(&sysgenid_system);
	return netlink_reply(skb, header, info,
			     !nla_put_u32(skb, SYSGENID_A_GENERATION, generation) &&
				     !nla_put_u32(skb, SYSGENID_A_DOMAIN, init_pid_ns.ns.inum) &&
				     !nla_put_u32(skb, SYSGENID_A_MINOR, sysgenid_device_minor()));
}

static const struct genl_ops netlink_operations[] = {
	{
		.cmd = SYSGENID_CMD_GET,
		.doit = netlink_do_get,
		.policy = netlink_get_policy,
		.maxattr = ARRAY_SIZE(netlink_get_policy) - 1,
	},
	{
		.cmd = SYSGENID_CMD_TRIGGER,
		.doit = netlink_do_trigger,
		.policy = netlink_trigger_policy,
		.maxattr = ARRAY_SIZE(netlink_trigger_policy) - 1,
	},
	{
		.cmd = SYSGENID_CMD_RESEED,
		.doit = netlink_do_reseed,
		.policy = netlink_reseed_policy,
		.maxattr = ARRAY_SIZE(netlink_reseed_policy) - 1,
	},
};

enum { EVENTS, DOMAINS, SETTLED, DOMAINS_SETTLED };

static const struct genl_multicast_group netlink_groups[] = {
	[EVENTS] = { .name = SYSGENID_GENL_GROUP },
	[DOMAINS] = { .name = SYSGENID_GENL_GROUP_DOMAINS, .flags = GENL_MCAST_CAP_SYS_ADMIN },
	[SETTLED] = { .name = SYSGENID_GENL_GROUP_SETTLED },
	[DOMAINS_SETTLED] = { .name = SYSGENID_GENL_GROUP_DOMAINS_SETTLED,
			      .flags = GENL_MCAST_CAP_SYS_ADMIN },
};

static struct genl_family netlink_family = {
	.name = SYSGENID_GENL_NAME,
	.version = SYSGENID_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops =
		true, /* a reseed must not hold up other families, which share one lock otherwise */
	.ops = netlink_operations,
	.n_ops = ARRAY_SIZE(netlink_operations),
	.resv_start_op = __SYSGENID_CMD_MAX,
	.mcgrps = netlink_groups,
	.n_mcgrps = ARRAY_SIZE(netlink_groups),
};

/*
 * A message for a group, or NULL. To the initial network namespace only: what happens on the host
 * does not concern its containers.
 */
static struct sk_buff *netlink_new_multicast(unsigned int group, u8 command, void **header)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&netlink_family, &init_net, group))
		return NULL;
	skb = netlink_new_message(NULL, command, header);
	if (!skb)
		genl_set_err(&netlink_family, &init_net, 0, group, -ENOBUFS);
	return skb;
}

/* Sends it. What could not be written whole is lost: listeners see ENOBUFS and ask with GET. */
static void netlink_multicast(struct sk_buff *skb, void *header, unsigned int group, bool complete)
{
	if (!complete) {
		nlmsg_free(skb);
		genl_set_err(&netlink_family, &init_net, 0, group, -ENOBUFS);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&netlink_family, &init_net, skb, 0, group, GFP_KERNEL);
}

static void netlink_send_event(const struct sysgenid_notice *notice)
{
	unsigned int group = notice->counter == &sysgenid_system ? EVENTS : DOMAINS;
	void *header;
	struct sk_buff *skb = netlink_new_multicast(group, SYSGENID_CMD_EVENT, &header);

	if (skb)
		netlink_multicast(skb, header, group,
				  !nla_put_u32(skb, SYSGENID_A_GENERATION, notice->generation) &&
					  !nla_put_u32(skb, SYSGENID_A_CAUSE, notice->cause) &&
					  !nla_put_u32(skb, SYSGENID_A_DOMAIN,
						       notice->counter->pid_ns->ns.inum));
}

static void netlink_send_settled(const struct sysgenid_notice *notice)
{
	unsigned int group = notice->counter == &sysgenid_system ? SETTLED : DOMAINS_SETTLED;
	void *header;
	struct sk_buff *skb = netlink_new_multicast(group, SYSGENID_CMD_SETTLED, &header);

	if (skb)
		netlink_multicast(skb, header, group,
				  !nla_put_u32(skb, SYSGENID_A_GENERATION, notice->generation) &&
					  !nla_put_u32(skb, SYSGENID_A_WATCHERS,
						       notice->watchers) &&
					  !nla_put_u32(skb, SYSGENID_A_DOMAIN,
						       notice->counter->pid_ns->ns.inum));
}

static int netlink_heard(struct notifier_block *nb, unsigned long type, void *notice)
{
	if (type == SYSGENID_NOTICE_EVENT)
		netlink_send_event(notice);
	else
		netlink_send_settled(notice);
	return NOTIFY_OK;
}

static struct notifier_block netlink_listener = { .notifier_call = netlink_heard };

int sysgenid_netlink_register(void)
{
	int ret = genl_register_family(&netlink_family);

	if (ret)
		return ret;
	ret = sysgenid_listen(&netlink_listener);
	if (ret)
		genl_unregister_family(&netlink_family);
	return ret;
}

/*
 * After this nothing is netlink_multicast, and no request is served. Requests of tasks that were
 * killed may leave work behind.
 */
void sysgenid_netlink_unregister(void)
{
	sysgenid_unlisten(&netlink_listener);
	genl_unregister_family(&netlink_family);
}
