// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel answers, and its events: another module of that name may have another idea of
 * them. Two sockets stand for the kernel's. The first byte of the input says what is asked for, the
 * other bytes are the answer.
 */
#include "control.h"
#include "netlink.h"

#include <errno.h>
#include <sys/socket.h>

#include "fuzz.h"

#define FAMILY 0x15

static void resolve(int fd)
{
	struct sysgenid_error error;
	struct sysgenid_family family;
	int result = sysgenid_nl_resolve(fd, "sysgenid", "events", &family, &error);

	must(result <= 0);
	must(memchr(error.text, '\0', sizeof(error.text)));
}

static void control(int fd, uint8_t what)
{
	const struct sysgenid_control to = { .fd = fd, .family = FAMILY, .pidns_fd = -1 };
	struct sysgenid_status status;
	struct sysgenid_place place;
	struct sysgenid_awaited who;
	struct sysgenid_moved moved;
	struct sysgenid_error error;
	int result;

	if (what == 1)
		result = sysgenid_control_status(&to, &status, &place, &error);
	else if (what == 2)
		result = sysgenid_control_trigger(&to, 7, 0, &moved, &error);
	else if (what == 3)
		result = sysgenid_control_who(&to, &who, &error);
	else
		result = sysgenid_control_reseed(&to, 7, 0, &moved, &error);
	must(result <= 0);
	must(memchr(error.text, '\0', sizeof(error.text)));
}

static void drain(int fd)
{
	char buffer[16384];

	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int pair[2] = { -1, -1 };

	if (pair[0] < 0)
		must(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
	/* Without any answer the library would wait. */
	if (size < 2 || send(pair[1], data + 1, size - 1, 0) < 0)
		return 0;
	if (data[0] % 5)
		control(pair[0], data[0] % 5);
	else
		resolve(pair[0]);
	drain(pair[0]);
	drain(pair[1]);
	return 0;
}
