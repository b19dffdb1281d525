// SPDX-License-Identifier: LGPL-2.1-or-later
/* Subscriptions to the changes that the kernel multicasts. */
#include "netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cleanup.h>

#include "deadline.h"

struct sysgenid_events {
	int fd;
	uint16_t family;
	bool gone; /* the family has been taken away: the module was unloaded */
};

#define NOT_OURS 1 /* a message that is no event */

static int join(int fd, uint32_t group)
{
	if (!group)
		return -EPROTO;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

/* Joins a group of a family. Asks for it on another socket: here events could drown the answer. */
static int subscribe(int fd, const char *name, const char *group, uint16_t *id)
{
	struct sysgenid_family family;
	cleanup_close int asking = sysgenid_nl_open();
	int ret;

	if (asking < 0)
		return asking;
	ret = sysgenid_nl_resolve(asking, name, group, &family, NULL);
	if (ret < 0)
		return ret;
	*id = family.id;
	return join(fd, family.group);
}

static int subscribe_all(int fd, unsigned int flags, uint16_t *family)
{
	static const struct {
		unsigned int flags;
		const char *name;
	} groups[] = {
		{ 0, SYSGENID_GENL_GROUP },
		{ SYSGENID_EVENTS_SETTLED, SYSGENID_GENL_GROUP_SETTLED },
		{ SYSGENID_EVENTS_DOMAINS, SYSGENID_GENL_GROUP_DOMAINS },
		{ SYSGENID_EVENTS_SETTLED | SYSGENID_EVENTS_DOMAINS,
		  SYSGENID_GENL_GROUP_DOMAINS_SETTLED },
		{ SYSGENID_EVENTS_INCARNATIONS, SYSGENID_GENL_GROUP_INCARNATIONS },
		{ SYSGENID_EVENTS_INCARNATIONS | SYSGENID_EVENTS_DOMAINS,
		  SYSGENID_GENL_GROUP_DOMAINS_INCARNATIONS },
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(groups) / sizeof(groups[0]); i++)
		if ((flags & groups[i].flags) == groups[i].flags)
			ret = subscribe(fd, SYSGENID_GENL_NAME, groups[i].name, family);
	return ret;
}

int sysgenid_events_open(struct sysgenid_events **events, unsigned int flags)
{
	struct sysgenid_events *new;
	cleanup_close int fd = -1;
	uint16_t control, family;
	int ret;

	*events = NULL;
	if (flags &
	    ~(SYSGENID_EVENTS_SETTLED | SYSGENID_EVENTS_DOMAINS | SYSGENID_EVENTS_INCARNATIONS))
		return -EINVAL;
	fd = sysgenid_nl_open();
	if (fd < 0)
		return fd;
	/*
	 * The controller reports that a family goes away. Without that a subscriber would wait
	 * for ever after the module was unloaded. Join it first, so that the report is not missed.
	 */
	ret = subscribe(fd, "nlctrl", "notify", &control);
	if (!ret)
		ret = subscribe_all(fd, flags, &family);
	if (ret < 0)
		return ret;
	new = malloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->fd = sysgenid_steal_fd(&fd);
	new->family = family;
	new->gone = false;
	*events = new;
	return 0;
}

int sysgenid_events_fd(const struct sysgenid_events *events)
{
	return events->fd;
}

static uint8_t genl_command(const struct nlmsghdr *header)
{
	return ((const struct genlmsghdr *)NLMSG_DATA(header))->cmd;
}

static int get_u32(const struct sysgenid_nl_attr *attrs, int type, uint32_t *value)
{
	return sysgenid_nl_get(&attrs[type], value, sizeof(*value));
}

static int read_event(const struct nlmsghdr *header, struct sysgenid_event *event)
{
	struct sysgenid_nl_attr attrs[SYSGENID_A_MAX + 1];
	struct sysgenid_event new = { 0 };
	const uint8_t command = genl_command(header);
	int ret;

	if (command != SYSGENID_CMD_EVENT && command != SYSGENID_CMD_SETTLED &&
	    command != SYSGENID_CMD_INCARNATION)
		return NOT_OURS;
	ret = sysgenid_nl_parse(header, attrs, SYSGENID_A_MAX);
	if (!ret)
		ret = get_u32(attrs, SYSGENID_A_GENERATION, &new.generation);
	if (!ret)
		ret = get_u32(attrs, SYSGENID_A_DOMAIN, &new.domain);
	if (ret)
		return ret;
	if (command == SYSGENID_CMD_EVENT) {
		new.type = SYSGENID_EVENT_CHANGE;
		ret = get_u32(attrs, SYSGENID_A_CAUSE, &new.cause);
	} else if (command == SYSGENID_CMD_SETTLED) {
		new.type = SYSGENID_EVENT_SETTLED;
		ret = get_u32(attrs, SYSGENID_A_WATCHERS, &new.watchers);
	} else {
		new.type = SYSGENID_EVENT_INCARNATION;
		ret = sysgenid_nl_get(&attrs[SYSGENID_A_INCARNATION], new.incarnation,
				      sizeof(new.incarnation));
	}
	if (!ret)
		*event = new;
	return ret;
}

/* Returns -ENODEV if the message says that our family has gone away. */
static int read_farewell(const struct nlmsghdr *header, uint16_t family)
{
	struct sysgenid_nl_attr attrs[CTRL_ATTR_FAMILY_ID + 1];
	uint16_t gone;

	if (genl_command(header) != CTRL_CMD_DELFAMILY ||
	    sysgenid_nl_parse(header, attrs, CTRL_ATTR_FAMILY_ID) < 0 ||
	    sysgenid_nl_get(&attrs[CTRL_ATTR_FAMILY_ID], &gone, sizeof(gone)) || gone != family)
		return NOT_OURS;
	return -ENODEV;
}

/* Each datagram has one multicast message. */
static int read_datagram(struct sysgenid_events *events, struct sysgenid_reply *reply,
			 struct sysgenid_event *event)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)reply->data;

	if (sysgenid_nl_size(header) < GENL_HDRLEN)
		return NOT_OURS;
	if (header->nlmsg_type == events->family)
		return read_event(header, event);
	if (header->nlmsg_type == GENL_ID_CTRL)
		return read_farewell(header, events->family);
	return NOT_OURS;
}

int sysgenid_events_next(struct sysgenid_events *events, struct sysgenid_event *event,
			 int timeout_ms)
{
	const struct sysgenid_deadline deadline = sysgenid_deadline_in(timeout_ms);
	struct sysgenid_reply reply;
	ssize_t size;
	int ret;

	while (!events->gone) {
		size = sysgenid_nl_receive(events->fd, &reply);
		if (size == -EAGAIN) {
			ret = sysgenid_poll(events->fd, &deadline);
			if (ret < 0)
				return ret;
			continue;
		}
		if (size < 0)
			return (int)size;
		ret = read_datagram(events, &reply, event);
		if (ret == -ENODEV)
			events->gone = true;
		if (ret != NOT_OURS)
			return ret;
	}
	return -ENODEV;
}

void sysgenid_events_close(struct sysgenid_events *events)
{
	if (!events)
		return;
	close(events->fd);
	free(events);
}
