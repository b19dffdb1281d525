// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for the programs in a container that asked to be waited for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "internal.h"

#include "hook.h"

#define PAUSE_NS 10000000L

struct call {
	struct sysgenid_request request;
	struct sysgenid_reply reply;
	struct nlattr *attrs[SYSGENID_A_MAX + 1];
};

/* How many tracked files in that PID namespace are outdated. */
static int ask(int netlink, uint16_t family, int namespace, uint32_t *outdated)
{
	static const struct nla_policy policy[SYSGENID_A_MAX + 1] = {
		[SYSGENID_A_OUTDATED] = { .type = NLA_U32 },
	};
	uint32_t fd = (uint32_t) namespace;
	struct call call;
	int error;

	sysgenid_nl_request(&call.request, family, SYSGENID_CMD_GET, SYSGENID_GENL_VERSION);
	error = sysgenid_nl_put(&call.request, SYSGENID_A_PIDNS_FD, &fd, sizeof(fd));
	if (!error)
		error = sysgenid_nl_call(netlink, &call.request, SYSGENID_REQUEST_TIMEOUT_MS,
					 &call.reply, call.attrs, policy, SYSGENID_A_MAX, NULL);
	return error ? error : sysgenid_nl_u32(call.attrs, SYSGENID_A_OUTDATED, outdated);
}

/* The kernel tells nobody that an acknowledgement came, so it is asked again and again. */
int hook_wait_watchers(pid_t pid, uint32_t limit_ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct sysgenid_deadline deadline = sysgenid_deadline_in((int)limit_ms);
	cleanup_close int namespace = -1, netlink = -1;
	struct sysgenid_family family;
	uint32_t outdated;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return -errno;
	netlink = sysgenid_nl_open();
	if (netlink < 0)
		return netlink;
	error = sysgenid_nl_resolve(netlink, SYSGENID_GENL_NAME, NULL, &family, NULL);
	while (!error) {
		struct timespec now;

		error = ask(netlink, family.id, namespace, &outdated);
		if (error || !outdated)
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec * 1000000000LL + now.tv_nsec >= deadline.end_ns)
			return -ETIME;
		nanosleep(&pause, NULL);
	}
	return error;
}
