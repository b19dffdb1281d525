// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Generic netlink: one request, one reply, with a time limit.
 *
 * libnl validates and parses what comes in. Its functions for sockets and for making messages
 * are not used: environment variables make them print to the program's stderr, the former keep
 * a process-wide table of ports, and they report ENOBUFS as lack of memory.
 */
#include "netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cleanup.h>

#include "deadline.h"

static int set_option(int fd, int option)
{
	const int on = 1;

	return setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

int sysgenid_nl_open(void)
{
	/* Connected to port 0, the kernel: no other process can send anything to it. */
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	cleanup_close int fd = -1;
	int ret;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	ret = set_option(fd, NETLINK_EXT_ACK);
	if (!ret)
		ret = set_option(fd, NETLINK_CAP_ACK);
	return ret < 0 ? ret : sysgenid_steal_fd(&fd);
}

void sysgenid_nl_request(struct sysgenid_request *request, uint16_t family, uint8_t command,
			 uint8_t version)
{
	const struct genlmsghdr genl = { .cmd = command, .version = version };

	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request->header.nlmsg_type = family;
	request->header.nlmsg_flags = NLM_F_REQUEST;
	memcpy(NLMSG_DATA(&request->header), &genl, sizeof(genl));
}

int sysgenid_nl_put(struct sysgenid_request *request, uint16_t type, const void *value, size_t size)
{
	const struct nlattr attribute = { .nla_len = (uint16_t)(NLA_HDRLEN + size),
					  .nla_type = type };
	size_t start = NLMSG_ALIGN(request->header.nlmsg_len);

	if (size > sizeof(*request) || start + NLA_HDRLEN + size > sizeof(*request))
		return -EMSGSIZE;
	memcpy(request->data + start, &attribute, sizeof(attribute));
	if (size)
		memcpy(request->data + start + NLA_HDRLEN, value, size);
	request->header.nlmsg_len = (uint32_t)(start + NLA_HDRLEN + size);
	return 0;
}

ssize_t sysgenid_nl_receive(int fd, struct sysgenid_reply *reply)
{
	struct iovec part = { .iov_base = reply->data, .iov_len = sizeof(reply->data) };
	struct sockaddr_nl from = { 0 };
	struct msghdr datagram = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	ssize_t size = recvmsg(fd, &datagram, MSG_DONTWAIT);

	if (size < 0)
		return -errno;
	if (from.nl_pid != 0 || datagram.msg_flags & MSG_TRUNC ||
	    !nlmsg_ok((struct nlmsghdr *)reply->data, (int)size))
		return -EPROTO;
	return size;
}

/* Copies the kernel's text, which stands after the error and, unless capped, after the request. */
static void take_words(struct nlmsghdr *header, struct sysgenid_error *error)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
	};
	const struct nlmsgerr *ack = nlmsg_data(header);
	struct nlattr *attrs[NLMSGERR_ATTR_MAX + 1];
	uint32_t skip = sizeof(*ack), room = (uint32_t)nlmsg_datalen(header) - skip, request;
	int size;

	if (!error || !(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* Without the flag the whole request follows the error, of which ack has the header. */
	if (!(header->nlmsg_flags & NLM_F_CAPPED)) {
		request = ack->msg.nlmsg_len;
		/* libnl looks for attributes at whatever length it is told. */
		if (request < NLMSG_HDRLEN || request - NLMSG_HDRLEN > room)
			return;
		skip += NLMSG_ALIGN(request) - NLMSG_HDRLEN;
	}
	if (nlmsg_parse(header, (int)skip, attrs, NLMSGERR_ATTR_MAX, policy) < 0 ||
	    !attrs[NLMSGERR_ATTR_MSG])
		return;
	size = nla_len(attrs[NLMSGERR_ATTR_MSG]);
	snprintf(error->text, sizeof(error->text), "%.*s", size,
		 (const char *)nla_data(attrs[NLMSGERR_ATTR_MSG]));
}

static int read_error(struct nlmsghdr *header, struct sysgenid_error *error)
{
	const struct nlmsgerr *ack = nlmsg_data(header);

	/* Each request here has a reply of its own, so an error of 0 is not a reply. */
	if (nlmsg_datalen(header) < (int)sizeof(*ack) || ack->error >= 0)
		return -EPROTO;
	take_words(header, error);
	return ack->error;
}

static int receive_reply(int fd, const struct sysgenid_deadline *deadline,
			 struct sysgenid_reply *reply)
{
	ssize_t size;
	int ret;

	while ((size = sysgenid_nl_receive(fd, reply)) == -EAGAIN || size == -EINTR) {
		ret = sysgenid_poll(fd, deadline);
		if (ret == -ETIME)
			return -ETIMEDOUT;
		if (ret < 0 && ret != -EINTR)
			return ret;
	}
	return size < 0 ? (int)size : 0;
}

int sysgenid_nl_parse(struct nlmsghdr *header, struct nlattr **attrs,
		      const struct nla_policy *policy, int policy_max)
{
	return nlmsg_parse(header, GENL_HDRLEN, attrs, policy_max, policy) < 0 ? -EPROTO : 0;
}

int sysgenid_nl_u32(struct nlattr *const *attrs, int type, uint32_t *value)
{
	if (!attrs[type])
		return -EPROTO;
	*value = nla_get_u32(attrs[type]);
	return 0;
}

/* Callers send one request at a time and use a socket no more after a timeout: no sequence numbers.
 */
int sysgenid_nl_call(int fd, const struct sysgenid_request *request, int timeout_ms,
		     struct sysgenid_reply *reply, struct nlattr **attrs,
		     const struct nla_policy *policy, int policy_max, struct sysgenid_error *error)
{
	const struct sysgenid_deadline deadline = sysgenid_deadline_in(timeout_ms);
	struct nlmsghdr *header;
	int ret;

	if (error)
		error->text[0] = '\0';
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	ret = receive_reply(fd, &deadline, reply);
	if (ret < 0)
		return ret;
	header = (struct nlmsghdr *)reply->data;
	if (header->nlmsg_type == NLMSG_ERROR)
		return read_error(header, error);
	return sysgenid_nl_parse(header, attrs, policy, policy_max);
}

/* Returns the number of the group called @name in @list; 0 if there is none. */
static uint32_t find_group(struct nlattr *list, const char *name)
{
	static const struct nla_policy policy[CTRL_ATTR_MCAST_GRP_MAX + 1] = {
		[CTRL_ATTR_MCAST_GRP_NAME] = { .type = NLA_NUL_STRING },
		[CTRL_ATTR_MCAST_GRP_ID] = { .type = NLA_U32 },
	};
	struct nlattr *attrs[CTRL_ATTR_MCAST_GRP_MAX + 1], *group;
	int left;

	nla_for_each_nested(group, list, left)
	{
		if (nla_parse_nested(attrs, CTRL_ATTR_MCAST_GRP_MAX, group, policy) < 0 ||
		    !attrs[CTRL_ATTR_MCAST_GRP_NAME] || !attrs[CTRL_ATTR_MCAST_GRP_ID])
			continue;
		if (!strcmp(nla_get_string(attrs[CTRL_ATTR_MCAST_GRP_NAME]), name))
			return nla_get_u32(attrs[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return 0;
}

int sysgenid_nl_resolve(int fd, const char *name, const char *group, struct sysgenid_family *family,
			struct sysgenid_error *error)
{
	static const struct nla_policy policy[CTRL_ATTR_MAX + 1] = {
		[CTRL_ATTR_FAMILY_ID] = { .type = NLA_U16 },
		[CTRL_ATTR_MCAST_GROUPS] = { .type = NLA_NESTED },
	};
	struct nlattr *attrs[CTRL_ATTR_MAX + 1];
	struct sysgenid_request request;
	struct sysgenid_reply reply;
	int ret;

	if (error)
		error->text[0] = '\0';
	sysgenid_nl_request(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	ret = sysgenid_nl_put(&request, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (ret < 0)
		return ret;
	ret = sysgenid_nl_call(fd, &request, SYSGENID_REQUEST_TIMEOUT_MS, &reply, attrs, policy,
			       CTRL_ATTR_MAX, error);
	if (ret < 0)
		return ret;
	if (!attrs[CTRL_ATTR_FAMILY_ID])
		return -EPROTO;
	family->id = nla_get_u16(attrs[CTRL_ATTR_FAMILY_ID]);
	family->group = 0;
	if (group && attrs[CTRL_ATTR_MCAST_GROUPS])
		family->group = find_group(attrs[CTRL_ATTR_MCAST_GROUPS], group);
	return 0;
}
