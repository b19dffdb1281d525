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

#include "announce.h"
#include "compat.h"
#include "counter.h"
#include "device.h"
#include "domain.h"
#include "event.h"
#include "netlink.h"
#include "notify.h"
#include "reseed.h"
#include "viewnode.h"
#include "watcher.h"

static struct genl_family netlink_family __ro_after_init;

static const struct nla_policy netlink_get_policy[SYSGENID_A_MAX + 1] = {
	[SYSGENID_A_PIDNS_FD] = { .type = NLA_U32 },
};

static const struct nla_policy netlink_trigger_policy[SYSGENID_A_MAX + 1] = {
	[SYSGENID_A_MIN_GENERATION] = { .type = NLA_U32 },
	[SYSGENID_A_CAUSE] = { .type = NLA_U32 },
	[SYSGENID_A_FORCE] = { .type = NLA_FLAG },
	[SYSGENID_A_PIDNS_FD] = { .type = NLA_U32 },
};

static const struct nla_policy netlink_reseed_policy[SYSGENID_A_MAX + 1] = {
	[SYSGENID_A_MIN_GENERATION] = { .type = NLA_U32 },
	[SYSGENID_A_FORCE] = { .type = NLA_FLAG },
};

/* The PID namespace that the request is about, referenced: @otherwise if it names none. */
static struct pid_namespace *netlink_subject(struct genl_info *info,
					     struct pid_namespace *otherwise)
{
	struct nlattr *fd = info->attrs[SYSGENID_A_PIDNS_FD];
	struct pid_namespace *found = ERR_PTR(-EINVAL);
	struct ns_common *ns;
	struct file *file;

	if (!fd)
		return get_pid_ns(otherwise);
	file = fget(nla_get_u32(fd));
	if (!file) {
		found = ERR_PTR(-EBADF);
	} else if (file_inode(file)->i_sb->s_magic == NSFS_MAGIC) {
		/* The files of that file system are namespaces and nothing else. */
		ns = get_proc_ns(file_inode(file));
		if (sysgenid_ns_type(ns) == CLONE_NEWPID)
			found = get_pid_ns(container_of(ns, struct pid_namespace, ns));
	}
	if (file)
		fput(file);
	if (IS_ERR(found))
		NL_SET_ERR_MSG_ATTR(info->extack, fd,
				    "this is not an open descriptor of a PID namespace, such as "
				    "/proc/PID/ns/pid");
	return found;
}

/*
 * May the sender move the generation of @ns? The sender's capabilities count; and, unless the
 * message has the kernel's address, also those of who opened the socket: a privileged program can
 * be made to write to a descriptor without knowing that it is a socket of ours.
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
	NL_SET_ERR_MSG(info->extack, "this needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the "
				     "user namespace that owns the PID namespace; for the system's "
				     "domain in the initial user namespace");
	return -EPERM;
}

static int netlink_reply(struct sk_buff *skb, void *header, struct genl_info *info)
{
	nla_put_u32(skb, SYSGENID_A_MINOR, sysgenid_device_minor());
	nla_put_u32(skb, SYSGENID_A_VIEW_MINOR, sysgenid_viewnode_minor());
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
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
	if (!ret)
		ret = sysgenid_sync_source();
	if (ret)
		return ret;
	skb = sysgenid_announce_message(&netlink_family, info->snd_portid, info->snd_seq,
					SYSGENID_CMD_GET, &header);
	if (!skb)
		return -ENOMEM;
	sysgenid_domain_summary(ns, &summary);
	sysgenid_announce_put_domain(skb, ns, summary.generation);
	nla_put_u32(skb, SYSGENID_A_HIGHEST, summary.highest);
	nla_put_u32(skb, SYSGENID_A_WATCHERS, summary.watchers);
	nla_put_u32(skb, SYSGENID_A_OUTDATED, summary.outdated);
	nla_put_u32(skb, SYSGENID_A_CAUSE, summary.last_cause);
	nla_put_u32(skb, SYSGENID_A_RESTORED, summary.restored);
	if (summary.identified)
		nla_put(skb, SYSGENID_A_INCARNATION, sizeof(summary.incarnation),
			summary.incarnation);
	return netlink_reply(skb, header, info);
}

/* Not a range in the policy: that gives ERANGE, which is for a MIN_GENERATION too far above. */
static int netlink_get_cause(struct genl_info *info, enum sysgenid_cause *cause)
{
	struct nlattr *wished = info->attrs[SYSGENID_A_CAUSE];

	*cause = wished ? nla_get_u32(wished) : SYSGENID_CAUSE_ADMIN;
	if (*cause == SYSGENID_CAUSE_ADMIN || *cause == SYSGENID_CAUSE_RESTORE ||
	    *cause == SYSGENID_CAUSE_RESUME)
		return 0;
	NL_SET_ERR_MSG_ATTR(
		info->extack, wished,
		"the cause must be admin, restore or resume: others are the kernel's own");
	return -EINVAL;
}

static u32 netlink_get_min(struct genl_info *info)
{
	struct nlattr *min = info->attrs[SYSGENID_A_MIN_GENERATION];

	return min ? nla_get_u32(min) : 0;
}

static int netlink_jump_allowed(struct genl_info *info)
{
	if (info->attrs[SYSGENID_A_FORCE] ||
	    sysgenid_counter_allow_jump(&sysgenid_system, netlink_get_min(info)))
		return 0;
	NL_SET_ERR_MSG(info->extack, "the wished generation is too far above the highest one, or "
				     "all wishes since the module was loaded have skipped too many "
				     "numbers; force it if you trust where it comes from");
	return -ERANGE;
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

/*
 * Waits until the generator has been reseeded: 0 or -EIO. A container may not make it reseed
 * without pause, nor have others wait again and again for a reseed that fails.
 */
static int netlink_reseed_and_wait(struct sk_buff *request, struct genl_info *info)
{
	bool now = netlink_has_authority(request, &init_pid_ns);

	sysgenid_reseed_start(now ? SYSGENID_RESEED_NOW : SYSGENID_RESEED_LATER);
	if ((now || !sysgenid_reseed_fails()) && !sysgenid_reseed_wait())
		return 0;
	NL_SET_ERR_MSG(info->extack,
		       "the kernel's random number generator could not be reseeded; see the kernel "
		       "log. A generation that was to move has moved");
	return -EIO;
}

/*
 * Of a domain that does not exist nobody has anything open: there is no generation to move. But
 * somebody there may know the number that the next one would begin with. So that is passed over,
 * also where the domain exists and may end before he looks again; for whoever may move the system's
 * only, since containers could use up the numbers that they begin with. First: what begins
 * afterwards does so above that number, and what began before is found, or has ended.
 */
static int netlink_move(struct sk_buff *request, struct pid_namespace *ns, u32 min,
			enum sysgenid_cause cause, u32 *generation)
{
	struct sysgenid_counter *domain;
	int ret;

	if (ns != &init_pid_ns && netlink_has_authority(request, &init_pid_ns))
		sysgenid_counter_reserve(&sysgenid_system, 0);
	domain = sysgenid_domain_find(ns);
	if (!domain) {
		*generation = (u32)sysgenid_counter_next(&sysgenid_system);
		return 0;
	}
	ret = sysgenid_event_soon(domain, min, cause, generation);
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
	if (!ret)
		ret = netlink_need_authority(request, info, ns);
	/* Another domain's numbers are its own business. */
	if (!ret && ns == &init_pid_ns)
		ret = netlink_jump_allowed(info);
	if (!ret)
		ret = netlink_may_wait(request, info);
	if (ret)
		return ret;
	/* Before the generation moves: nothing that comes after can fail for want of memory. */
	skb = sysgenid_announce_message(&netlink_family, info->snd_portid, info->snd_seq,
					SYSGENID_CMD_TRIGGER, &header);
	if (!skb)
		return -ENOMEM;
	ret = netlink_move(request, ns, netlink_get_min(info), cause, &generation);
	if (ret) {
		NL_SET_ERR_MSG(info->extack, "others move this generation all the time: try again");
		goto err;
	}
	ret = netlink_reseed_and_wait(request, info);
	if (ret)
		goto err;
	sysgenid_announce_put_domain(skb, ns, generation);
	return netlink_reply(skb, header, info);

err:
	nlmsg_free(skb);
	return ret;
}

static int netlink_reseed(struct sk_buff *request, struct genl_info *info, struct pid_namespace *ns)
{
	int ret = netlink_need_authority(request, info, ns);
	struct sk_buff *skb;
	void *header;

	if (!ret)
		ret = netlink_jump_allowed(info);
	if (ret)
		return ret;
	/* As in netlink_trigger() */
	skb = sysgenid_announce_message(&netlink_family, info->snd_portid, info->snd_seq,
					SYSGENID_CMD_RESEED, &header);
	if (!skb)
		return -ENOMEM;
	/* Nobody in a restored container has seen the number that its domain begins with. */
	sysgenid_counter_reserve(&sysgenid_system, netlink_get_min(info));
	sysgenid_event_count_add(SYSGENID_CAUSE_RESTORE);
	ret = netlink_reseed_and_wait(request, info);
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	sysgenid_announce_put_domain(skb, ns, sysgenid_counter_generation(&sysgenid_system));
	return netlink_reply(skb, header, info);
}

static int netlink_do(struct sk_buff *request, struct genl_info *info)
{
	u8 command = info->genlhdr->cmd;
	struct pid_namespace *own = task_active_pid_ns(current);
	struct pid_namespace *ns;
	int ret;

	ns = netlink_subject(info, command == SYSGENID_CMD_GET ? own : &init_pid_ns);
	if (IS_ERR(ns))
		return PTR_ERR(ns);
	if (command == SYSGENID_CMD_GET)
		ret = netlink_get(request, info, ns);
	else if (command == SYSGENID_CMD_TRIGGER)
		ret = netlink_trigger(request, info, ns);
	else
		ret = netlink_reseed(request, info, ns);
	put_pid_ns(ns);
	return ret;
}

static const struct genl_ops netlink_operations[] = {
	{ .cmd = SYSGENID_CMD_GET, .doit = netlink_do, .policy = netlink_get_policy },
	{ .cmd = SYSGENID_CMD_TRIGGER, .doit = netlink_do, .policy = netlink_trigger_policy },
	{ .cmd = SYSGENID_CMD_RESEED, .doit = netlink_do, .policy = netlink_reseed_policy },
};

static struct genl_family netlink_family = {
	.name = SYSGENID_GENL_NAME,
	.version = SYSGENID_GENL_VERSION,
	.maxattr = SYSGENID_A_MAX,
	.module = THIS_MODULE,
	.netnsok = true,
	/* A reseed must not hold up other families: without this they share one lock. */
	.parallel_ops = true,
	.ops = netlink_operations,
	.n_ops = ARRAY_SIZE(netlink_operations),
	.mcgrps = sysgenid_announce_groups,
	.n_mcgrps = SYSGENID_ANNOUNCE_GROUPS,
};

int sysgenid_netlink_register(void)
{
	int ret = genl_register_family(&netlink_family);

	if (!ret)
		sysgenid_announce_start(&netlink_family);
	return ret;
}

/*
 * After this nothing is sent, and no request is served. Requests of tasks that were killed may
 * leave work behind.
 */
void sysgenid_netlink_unregister(void)
{
	sysgenid_announce_start(NULL);
	genl_unregister_family(&netlink_family);
}
