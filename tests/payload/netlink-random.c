// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random messages to the netlink family: proper ones, and proper ones with random changes. By root,
 * and by a user without privileges, for whom no generation moves.
 * usage: netlink-random SEED MESSAGES
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "genl.h"
#include "process.h"
#include "tap.h"

#define LIMIT_SECONDS 400
#define MOST_ATTRIBUTES 4
#define MOST_PARTS 3
#define SPARE 512 /* for lengths that are too long */

static uint64_t state;
static struct genl family;
static long answers, refused;

static uint32_t drawn(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

struct buffer {
	size_t size;
	char bytes[4096 + SPARE];
};

static void put_bytes(struct buffer *buffer, const void *data, size_t size)
{
	if (buffer->size + NLA_ALIGN(size) > 4096)
		return;
	memcpy(buffer->bytes + buffer->size, data, size);
	buffer->size += NLA_ALIGN(size);
}

static uint32_t drawn_value(void)
{
	static const uint32_t values[] = { 0, 1, 2, 3, 8, 9, 0x7fffffff, 0x80000000, UINT32_MAX };

	switch (drawn(4)) {
	case 0:
		return values[drawn(sizeof(values) / sizeof(values[0]))];
	case 1:
		return generation() + drawn(5);
	case 2: /* a descriptor, of which one is a PID namespace */
		return drawn(12);
	default:
		return drawn(UINT32_MAX);
	}
}

/* Most are such as the family takes. */
static void put_attribute(struct buffer *buffer)
{
	static const uint16_t taken[] = { SYSGENID_A_MIN_GENERATION, SYSGENID_A_CAUSE,
					  SYSGENID_A_FORCE, SYSGENID_A_PIDNS_FD };
	uint16_t type = drawn(8) ? taken[drawn(4)] : (uint16_t)drawn(SYSGENID_A_MAX + 3);
	uint16_t size = !drawn(16) ? (uint16_t)drawn(65) : type == SYSGENID_A_FORCE ? 0 : 4;
	struct {
		struct nlattr head;
		uint32_t values[16];
	} attribute;

	for (int i = 0; i < 16; i++)
		attribute.values[i] = drawn_value();
	attribute.head.nla_type = type;
	if (!drawn(32))
		attribute.head.nla_type |= (uint16_t)(drawn(4) << 14);
	attribute.head.nla_len = (uint16_t)(NLA_HDRLEN + size);
	put_bytes(buffer, &attribute, NLA_HDRLEN + size);
}

static void put_message(struct buffer *buffer)
{
	struct {
		struct nlmsghdr head;
		struct genlmsghdr family;
	} message = {
		.head = { .nlmsg_type = family.family,
			  .nlmsg_flags = NLM_F_REQUEST | (drawn(2) ? NLM_F_ACK : 0),
			  .nlmsg_seq = drawn(UINT32_MAX) },
		.family = { .cmd = drawn(16) ? (uint8_t)(1 + drawn(3)) : (uint8_t)drawn(256),
			    .version = SYSGENID_GENL_VERSION },
	};
	size_t start = buffer->size;
	uint32_t attributes = drawn(MOST_ATTRIBUTES + 1);

	if (!drawn(16))
		message.head.nlmsg_flags = (uint16_t)drawn(65536);
	put_bytes(buffer, &message, sizeof(message));
	while (attributes--)
		put_attribute(buffer);
	((struct nlmsghdr *)(void *)(buffer->bytes + start))->nlmsg_len =
		(uint32_t)(buffer->size - start);
}

static void spoil(struct buffer *buffer)
{
	uint32_t changes = drawn(5);

	while (changes--)
		buffer->bytes[drawn((uint32_t)buffer->size)] ^= (char)(1 << drawn(8));
	if (!drawn(4))
		buffer->size = 1 + drawn((uint32_t)buffer->size + SPARE / 2);
}

/* Netlink has answered when send() returns. */
static bool take_answers(void)
{
	union {
		struct nlmsghdr head;
		char bytes[8192];
	} answer;
	ssize_t size;

	while ((size = recv(family.fd, &answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
		if ((size_t)size < sizeof(answer.head) || answer.head.nlmsg_len > (size_t)size)
			return false;
		answers++;
		refused += answer.head.nlmsg_type == NLMSG_ERROR &&
			   ((struct nlmsgerr *)NLMSG_DATA(&answer.head))->error;
	}
	return errno == EAGAIN || errno == ENOBUFS;
}

static bool send_messages(long count)
{
	struct buffer buffer;

	while (count--) {
		uint32_t parts = drawn(8) ? 1 : 1 + drawn(MOST_PARTS);

		memset(&buffer, 0, sizeof(buffer));
		while (parts--)
			put_message(&buffer);
		if (!drawn(3))
			spoil(&buffer);
		/* Another family's type is none of our business. */
		((struct nlmsghdr *)(void *)buffer.bytes)->nlmsg_type = family.family;
		if (send(family.fd, buffer.bytes, buffer.size, 0) < 0 && errno != EINVAL)
			return false;
		if (!take_answers())
			return false;
	}
	return true;
}

static int send_as_user(long count)
{
	uint32_t before = generation();

	if (genl_open(&family) || genl_connect(&family) || !send_messages(count))
		return 1;
	return generation() != before ? 2 : 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
	long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	struct genl_reply reply;

	if (count < 1)
		tap_bail("usage: netlink-random SEED MESSAGES");
	time_limit(LIMIT_SECONDS);
	device_setup();
	must(open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC) >= 0);
	state = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	must(genl_open(&family) == 0 && genl_connect(&family) == 0);
	tap_ok(send_messages(count), "%ld random messages are survived (seed %llu)", count,
	       (unsigned long long)seed);
	tap_ok(answers - refused > count / 8 && refused > count / 8,
	       "some are understood, and some are refused");
	tap_diag("%ld answers, %ld of them errors", answers, refused);
	tap_is(as_user(send_as_user, count), 0,
	       "those of a user without privileges move no generation");
	must(genl_ask(&family, SYSGENID_CMD_GET, NULL, &reply) == 0);
	tap_is(reply.error, 0, "GET is answered afterwards");
	tap_is(reply.values.value[SYSGENID_A_GENERATION], generation(), "with the generation");
	return tap_done();
}
