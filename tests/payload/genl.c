// SPDX-License-Identifier: GPL-2.0-only
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "genl.h"
#include "tap.h"

#define ANSWER_SECONDS 20

union message {
	struct nlmsghdr header;
	char bytes[8192];
};

static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

static void put(union message *message, uint16_t type, const void *data, size_t size)
{
	struct nlattr *attribute =
		(void *)(message->bytes + NLMSG_ALIGN(message->header.nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + size;
	if (size)
		memcpy((char *)attribute + NLA_HDRLEN, data, size);
	message->header.nlmsg_len =
		NLMSG_ALIGN(message->header.nlmsg_len) + NLA_ALIGN(attribute->nla_len);
}

static void begin(struct genl *genl, union message *message, uint16_t family, uint8_t command)
{
	struct genlmsghdr *header = NLMSG_DATA(&message->header);

	memset(message, 0, sizeof(*message));
	message->header = (struct nlmsghdr){
		.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq = ++genl->sequence,
	};
	header->cmd = command;
	header->version = SYSGENID_GENL_VERSION;
}

static int transmit(struct genl *genl, union message *message)
{
	ssize_t sent;

	if (genl->connected)
		sent = write(genl->fd, message, message->header.nlmsg_len);
	else
		sent = sendto(genl->fd, message, message->header.nlmsg_len, 0,
			      (const struct sockaddr *)&kernel, sizeof(kernel));
	return sent < 0 ? -errno : 0;
}

typedef void (*attribute_fn)(uint16_t type, const void *data, size_t size, void *context);

static void for_each_attribute(const void *start, size_t size, attribute_fn fn, void *context)
{
	const char *at = start, *end = at + size;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attribute = (const void *)at;

		if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > end)
			break;
		fn(attribute->nla_type & NLA_TYPE_MASK, at + NLA_HDRLEN,
		   attribute->nla_len - NLA_HDRLEN, context);
		at += NLA_ALIGN(attribute->nla_len);
	}
}

static void keep_value(uint16_t type, const void *data, size_t size, void *context)
{
	struct genl_values *values = context;

	if (type > SYSGENID_A_MAX || size != sizeof(uint32_t))
		return;
	values->has |= HAS(type);
	memcpy(&values->value[type], data, size);
}

static void keep_text(uint16_t type, const void *data, size_t size, void *context)
{
	struct genl_reply *reply = context;

	if (type == NLMSGERR_ATTR_MSG && size < sizeof(reply->text))
		memcpy(reply->text, data, size);
}

static void parse_error(const union message *message, struct genl_reply *reply)
{
	const struct nlmsgerr *error = NLMSG_DATA(&message->header);
	size_t skip = NLMSG_LENGTH(sizeof(*error));

	reply->error = -error->error;
	/* NETLINK_CAP_ACK: the request is not repeated before the attributes. */
	if (message->header.nlmsg_flags & NLM_F_ACK_TLVS)
		for_each_attribute(message->bytes + skip, message->header.nlmsg_len - skip,
				   keep_text, reply);
}

static void parse_values(const union message *message, struct genl_reply *reply)
{
	const struct genlmsghdr *header = NLMSG_DATA(&message->header);
	size_t skip = NLMSG_LENGTH(GENL_HDRLEN);

	reply->command = header->cmd;
	for_each_attribute(message->bytes + skip, message->header.nlmsg_len - skip, keep_value,
			   &reply->values);
}

/* Receives everything up to the acknowledgement of the last request. */
static int receive_answer(struct genl *genl, struct genl_reply *reply)
{
	union message message;

	memset(reply, 0, sizeof(*reply));
	for (;;) {
		ssize_t size = recv(genl->fd, &message, sizeof(message), 0);

		if (size < 0)
			return -errno;
		if (message.header.nlmsg_seq != genl->sequence)
			continue;
		if (message.header.nlmsg_type == NLMSG_ERROR) {
			parse_error(&message, reply);
			return 0;
		}
		parse_values(&message, reply);
	}
}

static void compose(struct genl *genl, union message *message, uint8_t command,
		    const struct genl_values *values)
{
	begin(genl, message, genl->family, command);
	for (uint16_t type = 1; values && type <= SYSGENID_A_MAX; type++) {
		if (values->has & HAS(type))
			put(message, type, &values->value[type], type == SYSGENID_A_FORCE ? 0 : 4);
	}
}

int genl_ask(struct genl *genl, uint8_t command, const struct genl_values *values,
	     struct genl_reply *reply)
{
	union message message;
	int ret;

	compose(genl, &message, command, values);
	ret = transmit(genl, &message);
	return ret ? ret : receive_answer(genl, reply);
}

int genl_ask_reserved(struct genl *genl, uint8_t command, uint16_t reserved,
		      struct genl_reply *reply)
{
	union message message;
	int ret;

	begin(genl, &message, genl->family, command);
	((struct genlmsghdr *)NLMSG_DATA(&message.header))->reserved = reserved;
	ret = transmit(genl, &message);
	return ret ? ret : receive_answer(genl, reply);
}

int genl_ask_twice(struct genl *genl, uint8_t command, const struct genl_values *values,
		   struct genl_reply replies[2])
{
	union message first, second;
	struct iovec parts[2] = { { .iov_base = &first }, { .iov_base = &second } };
	int ret;

	compose(genl, &first, command, values);
	compose(genl, &second, command, values);
	parts[0].iov_len = first.header.nlmsg_len;
	parts[1].iov_len = second.header.nlmsg_len;
	if (writev(genl->fd, parts, 2) < 0)
		return -errno;
	genl->sequence--;
	ret = receive_answer(genl, &replies[0]);
	genl->sequence++;
	return ret ? ret : receive_answer(genl, &replies[1]);
}

struct group {
	char name[GENL_NAMSIZ];
	uint32_t id;
};

static void keep_group_field(uint16_t type, const void *data, size_t size, void *context)
{
	struct group *group = context;

	if (type == CTRL_ATTR_MCAST_GRP_ID && size == sizeof(group->id))
		memcpy(&group->id, data, size);
	if (type == CTRL_ATTR_MCAST_GRP_NAME && size <= sizeof(group->name))
		memcpy(group->name, data, size);
}

static void keep_group(uint16_t type, const void *data, size_t size, void *context)
{
	struct group group = { 0 };
	struct genl *genl = context;

	(void)type; /* a running number */
	for_each_attribute(data, size, keep_group_field, &group);
	if (strcmp(group.name, SYSGENID_GENL_GROUP) == 0)
		genl->group = group.id;
	if (strcmp(group.name, SYSGENID_GENL_GROUP_DOMAINS) == 0)
		genl->domains = group.id;
	if (strcmp(group.name, SYSGENID_GENL_GROUP_DOMAINS_SETTLED) == 0)
		genl->domains_settled = group.id;
	if (strcmp(group.name, SYSGENID_GENL_GROUP_DOMAINS_INCARNATIONS) == 0)
		genl->domains_incarnations = group.id;
}

static void keep_family(uint16_t type, const void *data, size_t size, void *context)
{
	struct genl *genl = context;

	if (type == CTRL_ATTR_FAMILY_ID && size == sizeof(genl->family))
		memcpy(&genl->family, data, size);
	if (type == CTRL_ATTR_MCAST_GROUPS)
		for_each_attribute(data, size, keep_group, genl);
}

static int resolve(struct genl *genl)
{
	size_t skip = NLMSG_LENGTH(GENL_HDRLEN);
	union message message;
	int ret;

	begin(genl, &message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	message.header.nlmsg_flags = NLM_F_REQUEST;
	put(&message, CTRL_ATTR_FAMILY_NAME, SYSGENID_GENL_NAME, sizeof(SYSGENID_GENL_NAME));
	ret = transmit(genl, &message);
	if (ret)
		return ret;
	if (recv(genl->fd, &message, sizeof(message), 0) < 0)
		return -errno;
	if (message.header.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&message.header))->error;
	for_each_attribute(message.bytes + skip, message.header.nlmsg_len - skip, keep_family,
			   genl);
	return genl->family && genl->group && genl->domains ? 0 : -ENOENT;
}

int genl_open(struct genl *genl)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	const int on = 1;
	int ret;

	memset(genl, 0, sizeof(*genl));
	genl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (genl->fd < 0)
		return -errno;
	setsockopt(genl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(genl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(genl->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ret = resolve(genl);
	if (ret)
		genl_close(genl);
	return ret;
}

void genl_close(struct genl *genl)
{
	close(genl->fd);
}

int genl_connect(struct genl *genl)
{
	genl->connected = true;
	return connect(genl->fd, (const struct sockaddr *)&kernel, sizeof(kernel)) ? -errno : 0;
}

static int subscribe(struct genl *genl, uint32_t group, int receive_buffer)
{
	/* Root may set a buffer above the system's limit. */
	if (setsockopt(genl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer,
		       sizeof(receive_buffer)) &&
	    setsockopt(genl->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)))
		return -errno;
	return setsockopt(genl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))
		       ? -errno
		       : 0;
}

int genl_subscribe(struct genl *genl, int receive_buffer)
{
	return subscribe(genl, genl->group, receive_buffer);
}

int genl_subscribe_domains(struct genl *genl, int receive_buffer)
{
	return subscribe(genl, genl->domains, receive_buffer);
}

int genl_subscribe_domains_settled(struct genl *genl, int receive_buffer)
{
	return subscribe(genl, genl->domains_settled, receive_buffer);
}

int genl_subscribe_domains_incarnations(struct genl *genl, int receive_buffer)
{
	return subscribe(genl, genl->domains_incarnations, receive_buffer);
}

int genl_event(struct genl *genl, struct genl_reply *event, int flags)
{
	union message message;

	memset(event, 0, sizeof(*event));
	if (recv(genl->fd, &message, sizeof(message), flags) < 0)
		return -errno;
	parse_values(&message, event);
	return 0;
}
