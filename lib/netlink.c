// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Generic netlink: one request, one reply, with a time limit.
 *
 * No library for netlink is used: this is little code, and libnl's functions for sockets and for
 * making messages print to the program's stderr if environment variables say so, keep a
 * process-wide table of ports, and report ENOBUFS as lack of memory.
 */
#include "netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cleanup.h>

#include "deadline.h"

int sysgenid_nl_open(void)
{
	/* Connected to port 0, the kernel: no other process can send anything to it. */
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const int on = 1;
	cleanup_close int fd = -1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	/* The kernel's own words with an error. */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) < 0)
		return -errno;
	return sysgenid_steal_fd(&fd);
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

static bool is_whole(const struct nlmsghdr *header, size_t size)
{
	return size >= sizeof(*header) && header->nlmsg_len >= sizeof(*header) &&
	       header->nlmsg_len <= size;
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
	    !is_whole((struct nlmsghdr *)reply->data, (size_t)size))
		return -EPROTO;
	return size;
}

size_t sysgenid_nl_size(const struct nlmsghdr *header)
{
	return header->nlmsg_len - NLMSG_HDRLEN;
}

/* Takes the first attribute off @list. Returns 1, 0 if there is none, or -EPROTO. */
static int take(struct sysgenid_nl_attr *list, unsigned int *type, struct sysgenid_nl_attr *attr)
{
	struct nlattr head;
	size_t step;

	if (list->size < NLA_HDRLEN)
		return 0;
	memcpy(&head, list->value, sizeof(head));
	if (head.nla_len < NLA_HDRLEN || head.nla_len > list->size)
		return -EPROTO;
	*type = head.nla_type & NLA_TYPE_MASK;
	*attr = (struct sysgenid_nl_attr){ (const char *)list->value + NLA_HDRLEN,
					   head.nla_len - NLA_HDRLEN };
	step = NLA_ALIGN(head.nla_len);
	/* The last one need not be padded. */
	if (step > list->size)
		step = list->size;
	list->value = (const char *)list->value + step;
	list->size -= step;
	return 1;
}

/* Of two attributes with the same number the last one counts. */
static int parse(struct sysgenid_nl_attr list, struct sysgenid_nl_attr *attrs, unsigned int max)
{
	struct sysgenid_nl_attr attr;
	unsigned int type;
	int ret;

	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	while ((ret = take(&list, &type, &attr)) > 0)
		if (type <= max)
			attrs[type] = attr;
	return ret;
}

/* Parses the attributes that follow @skip bytes of the message's data. */
static int parse_behind(const struct nlmsghdr *header, size_t skip, struct sysgenid_nl_attr *attrs,
			unsigned int max)
{
	size_t size = sysgenid_nl_size(header);

	skip = NLMSG_ALIGN(skip);
	if (skip > size)
		return -EPROTO;
	return parse((struct sysgenid_nl_attr){ (const char *)NLMSG_DATA(header) + skip,
						size - skip },
		     attrs, max);
}

/* Copies the kernel's text, which stands after the error and, unless capped, after the request. */
static void take_words(const struct nlmsghdr *header, struct sysgenid_error *error)
{
	const struct nlmsgerr *ack = NLMSG_DATA(header);
	struct sysgenid_nl_attr attrs[NLMSGERR_ATTR_MSG + 1];
	const struct sysgenid_nl_attr *words = &attrs[NLMSGERR_ATTR_MSG];
	size_t skip = sizeof(*ack);

	if (!error || !(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* Without the flag the whole request follows the error, of which ack has the header. */
	if (!(header->nlmsg_flags & NLM_F_CAPPED)) {
		if (ack->msg.nlmsg_len < NLMSG_HDRLEN ||
		    ack->msg.nlmsg_len > sysgenid_nl_size(header))
			return;
		skip += ack->msg.nlmsg_len - NLMSG_HDRLEN;
	}
	if (!parse_behind(header, skip, attrs, NLMSGERR_ATTR_MSG) && words->value)
		snprintf(error->text, sizeof(error->text), "%.*s", (int)words->size,
			 (const char *)words->value);
}

static int read_error(const struct nlmsghdr *header, struct sysgenid_error *error)
{
	const struct nlmsgerr *ack = NLMSG_DATA(header);

	/* Each request here has a reply of its own, so an error of 0 is not a reply. */
	if (sysgenid_nl_size(header) < sizeof(*ack) || ack->error >= 0)
		return -EPROTO;
	take_words(header, error);
	return ack->error;
}

/* The kernel has answered most requests when send() returns: then no clock is read. */
static int receive_reply(int fd, int timeout_ms, struct sysgenid_reply *reply)
{
	struct sysgenid_deadline deadline;
	bool waiting = false;
	ssize_t size;
	int ret;

	while ((size = sysgenid_nl_receive(fd, reply)) == -EAGAIN || size == -EINTR) {
		if (!waiting)
			deadline = sysgenid_deadline_in(timeout_ms);
		waiting = true;
		ret = sysgenid_poll(fd, &deadline);
		if (ret == -ETIME)
			return -ETIMEDOUT;
		if (ret < 0 && ret != -EINTR)
			return ret;
	}
	return size < 0 ? (int)size : 0;
}

int sysgenid_nl_parse(const struct nlmsghdr *header, struct sysgenid_nl_attr *attrs,
		      unsigned int max)
{
	return parse_behind(header, GENL_HDRLEN, attrs, max);
}

int sysgenid_nl_get(const struct sysgenid_nl_attr *attr, void *value, size_t size)
{
	if (!attr->value || attr->size < size)
		return -EPROTO;
	memcpy(value, attr->value, size);
	return 0;
}

/* Callers send one request at a time and use a socket no more after a timeout: no sequence numbers.
 */
int sysgenid_nl_call(int fd, const struct sysgenid_request *request, int timeout_ms,
		     struct sysgenid_reply *reply, struct sysgenid_nl_attr *attrs, unsigned int max,
		     struct sysgenid_error *error)
{
	struct nlmsghdr *header;
	int ret;

	if (error)
		error->text[0] = '\0';
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	ret = receive_reply(fd, timeout_ms, reply);
	if (ret < 0)
		return ret;
	header = (struct nlmsghdr *)reply->data;
	if (header->nlmsg_type == NLMSG_ERROR)
		return read_error(header, error);
	return sysgenid_nl_parse(header, attrs, max);
}

static bool is_text(const struct sysgenid_nl_attr *attr, const char *text)
{
	size_t size = strlen(text) + 1;

	return attr->size == size && !memcmp(attr->value, text, size);
}

/* Returns the number of the group called @name in @list; 0 if there is none. */
static uint32_t find_group(struct sysgenid_nl_attr list, const char *name)
{
	struct sysgenid_nl_attr group, attrs[CTRL_ATTR_MCAST_GRP_MAX + 1];
	unsigned int place;
	uint32_t number;

	while (take(&list, &place, &group) > 0)
		if (!parse(group, attrs, CTRL_ATTR_MCAST_GRP_MAX) &&
		    is_text(&attrs[CTRL_ATTR_MCAST_GRP_NAME], name) &&
		    !sysgenid_nl_get(&attrs[CTRL_ATTR_MCAST_GRP_ID], &number, sizeof(number)))
			return number;
	return 0;
}

int sysgenid_nl_resolve(int fd, const char *name, const char *group, struct sysgenid_family *family,
			struct sysgenid_error *error)
{
	struct sysgenid_nl_attr attrs[CTRL_ATTR_MCAST_GROUPS + 1];
	struct sysgenid_request request;
	struct sysgenid_reply reply;
	int ret;

	if (error)
		error->text[0] = '\0';
	sysgenid_nl_request(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	ret = sysgenid_nl_put(&request, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	if (ret < 0)
		return ret;
	ret = sysgenid_nl_call(fd, &request, SYSGENID_REQUEST_TIMEOUT_MS, &reply, attrs,
			       CTRL_ATTR_MCAST_GROUPS, error);
	if (ret < 0)
		return ret;
	family->group = group ? find_group(attrs[CTRL_ATTR_MCAST_GROUPS], group) : 0;
	return sysgenid_nl_get(&attrs[CTRL_ATTR_FAMILY_ID], &family->id, sizeof(family->id));
}
