/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shared by the files of libsysgenid and by its unit tests; not installed.
 *
 * control.o, events.o, netlink.o and poll.o need libnl-3 and libc only, so that a program which
 * must not bring in other libraries (a CRIU plugin) can link them from libsysgenid.a.
 */
#ifndef SYSGENID_INTERNAL_H
#define SYSGENID_INTERNAL_H

/* All objects are compiled with -fvisibility=hidden: what the public header declares is exported.
 */
#pragma GCC visibility push(default)
#include "libsysgenid.h"
#pragma GCC visibility pop

#include "file.h"

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/types.h>
#include <unistd.h>

static inline void sysgenid_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define cleanup_fd __attribute__((cleanup(sysgenid_close_fd)))

static inline int sysgenid_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* poll.c */

struct sysgenid_deadline {
	int64_t end_ns;	 /* CLOCK_MONOTONIC */
	int64_t span_ns; /* the whole time limit; negative: none */
};

struct sysgenid_deadline sysgenid_deadline_in(int timeout_ms);

/* Sleeps until @fd has something to say. Returns 0, -ETIME, -EINTR, -EBADF, ... */
int sysgenid_poll(int fd, const struct sysgenid_deadline *deadline);

/* handle.c */

/*
 * Opens the file of @handle once more: a description with an acknowledged generation of its own,
 * which is the one that is current while it is opened. Returns the descriptor.
 */
int sysgenid_reopen(const struct sysgenid *handle);

/* netlink.c */

#define SYSGENID_REQUEST_TIMEOUT_MS 5000
#define SYSGENID_TRIGGER_TIMEOUT_MS 30000 /* it waits for the kernel's RNG to be reseeded */

/* A message to the kernel, as it is sent. */
struct sysgenid_request {
	union {
		struct nlmsghdr header;
		char data[256];
	};
};

/* One datagram. The kernel sends no control message that is larger. */
struct sysgenid_reply {
	_Alignas(struct nlmsghdr) char data[8192];
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
 * Sends @request and waits for the reply, which is validated and taken apart: @attrs has
 * @policy_max + 1 places and points into @reply. @error is set in every case; it may be NULL.
 * Signals don't end the wait. Returns 0, what the kernel answered, -ETIMEDOUT, -EPROTO, ...
 */
int sysgenid_nl_call(int fd, const struct sysgenid_request *request, int timeout_ms,
		     struct sysgenid_reply *reply, struct nlattr **attrs,
		     const struct nla_policy *policy, int policy_max, struct sysgenid_error *error);

/* Asks for the numbers of a family and of one of its multicast groups (NULL: none). */
int sysgenid_nl_resolve(int fd, const char *name, const char *group, struct sysgenid_family *family,
			struct sysgenid_error *error);

/* Takes one datagram of the kernel's if there is one: its size, -EAGAIN, -ENOBUFS, -EPROTO, ... */
ssize_t sysgenid_nl_receive(int fd, struct sysgenid_reply *reply);

/* Takes the attributes of a generic netlink message apart: 0 or -EPROTO. */
int sysgenid_nl_parse(struct nlmsghdr *header, struct nlattr **attrs,
		      const struct nla_policy *policy, int policy_max);

/* The value of an attribute that must be there: 0 or -EPROTO. */
int sysgenid_nl_u32(struct nlattr *const *attrs, int type, uint32_t *value);

/* control.c */

/* A socket and the number of our family, for who has several requests (the CRIU plugin). */
struct sysgenid_control {
	int fd; /* -1: closed */
	uint16_t family;
	/* Of the PID namespace that requests are about; -1, as it is after opening: none is named. */
	int pidns_fd;
};

/* Returns 0 or -errno; -ENOENT: the module is not loaded. */
int sysgenid_control_open(struct sysgenid_control *control, struct sysgenid_error *error);
/* After -ETIMEDOUT there is nothing else to do with it: the answer may still come. */
void sysgenid_control_close(struct sysgenid_control *control);

/* What sysgenid_trigger() or a reseed has done. */
struct sysgenid_moved {
	uint32_t generation;
	uint32_t minor; /* of the device, if minor_known */
	bool minor_known;
};

/* As the functions of libsysgenid.h without "control" in their names. */
int sysgenid_control_trigger(const struct sysgenid_control *control, uint32_t min_generation,
			     unsigned int flags, struct sysgenid_moved *moved,
			     struct sysgenid_error *error);
int sysgenid_control_status(const struct sysgenid_control *control, struct sysgenid_status *status,
			    uint32_t *domain, struct sysgenid_error *error);
/* min_generation and FORCE: for domains that begin after this */
int sysgenid_control_reseed(const struct sysgenid_control *control, uint32_t min_generation,
			    unsigned int flags, struct sysgenid_moved *moved,
			    struct sysgenid_error *error);

#endif /* SYSGENID_INTERNAL_H */
