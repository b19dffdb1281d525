/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests and replies of generic netlink. */
#ifndef SYSGENID_NETLINK_H
#define SYSGENID_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "internal.h"

#define SYSGENID_REQUEST_TIMEOUT_MS 5000
#define SYSGENID_TRIGGER_TIMEOUT_MS 30000 /* it waits for the kernel's RNG to be reseeded */

/* A message to the kernel, as it is sent. */
struct sysgenid_request {
	union {
		struct nlmsghdr header;
		char data[256];
	};
};

/*
 * One datagram. The kernel sends no control message that is larger: listeners for events also hear
 * of all families of the machine, each with all its commands (nl80211: 2.5 kB).
 */
struct sysgenid_reply {
	_Alignas(struct nlmsghdr) char data[8192];
};

/* An attribute of a reply. */
struct sysgenid_nl_attr {
	const void *value; /* in the reply; NULL: the reply does not have it */
	size_t size;
};

struct sysgenid_family {
	uint16_t id;
	uint32_t group; /* 0: there is no group of that name */
};

/* A connected socket of generic netlink, close-on-exec and non-blocking. Returns the descriptor. */
int sysgenid_nl_open(void);

/* Starts a request. */
void sysgenid_nl_request(struct sysgenid_request *request, uint16_t family, uint8_t command,
			 uint8_t version);

/* Adds an attribute: 0, or -EMSGSIZE when there is no room for it. */
int sysgenid_nl_put(struct sysgenid_request *request, uint16_t type, const void *value,
		    size_t size);

/*
 * Sends @request and waits for the reply, which is parsed: @attrs has @max + 1 places and points
 * into @reply. @error is set in every case; it may be NULL. Signals don't end the wait. Returns 0,
 * what the kernel answered, -ETIMEDOUT, -EPROTO, ...
 */
int sysgenid_nl_call(int fd, const struct sysgenid_request *request, int timeout_ms,
		     struct sysgenid_reply *reply, struct sysgenid_nl_attr *attrs, unsigned int max,
		     struct sysgenid_error *error);

/* Asks for the numbers of a family and of one of its multicast groups (NULL: none). */
int sysgenid_nl_resolve(int fd, const char *name, const char *group, struct sysgenid_family *family,
			struct sysgenid_error *error);

/* Reads one datagram of the kernel's. Returns its size, -EAGAIN, -ENOBUFS, -EPROTO, ... */
ssize_t sysgenid_nl_receive(int fd, struct sysgenid_reply *reply);

/* Returns the size of a message's data. The message is one of sysgenid_nl_receive(). */
size_t sysgenid_nl_size(const struct nlmsghdr *header);

/*
 * Parses the attributes of a generic netlink message. @attrs has @max + 1 places. Attributes with a
 * higher number are skipped. Returns 0 or -EPROTO.
 */
int sysgenid_nl_parse(const struct nlmsghdr *header, struct sysgenid_nl_attr *attrs,
		      unsigned int max);

/* Copies @size bytes of a required attribute. Returns 0, or -EPROTO if it is absent or shorter. */
int sysgenid_nl_get(const struct sysgenid_nl_attr *attr, void *value, size_t size);

#endif
