// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into criu: makes generic netlink fail, with an error that does not say that the module
 * is missing.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && protocol == NETLINK_GENERIC) {
		errno = ENOBUFS;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}
