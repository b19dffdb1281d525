// SPDX-License-Identifier: GPL-2.0-only
/* Netlink requests, against the kernel's own controller and without our module. */
#include "netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "helpers.h"
#include "tap.h"

#define ABSENT_FAMILY "sysgenid-absent"

static void test_resolve(int fd)
{
	struct sysgenid_family family = { 0 };
	struct sysgenid_error error;

	is_int(sysgenid_nl_resolve(fd, "nlctrl", "notify", &family, &error), 0,
	       "a family that is there is found");
	is_int(family.id, GENL_ID_CTRL, "with its number");
	ok(family.group > 0, "and its group");
	is_string(error.text, "", "success leaves no error text");
	is_int(sysgenid_nl_resolve(fd, "nlctrl", "no such group", &family, NULL), 0,
	       "a group that is not there is no error");
	is_int(family.group, 0, "but has no number");
}

static void test_errors(int fd)
{
	struct sysgenid_family family;
	struct sysgenid_error error;
	char text[512];
	int ret;

	memset(&error, 'x', sizeof(error));
	ret = sysgenid_nl_resolve(fd, ABSENT_FAMILY, NULL, &family, &error);
	is_int(ret, -ENOENT, "a family that is not there gives ENOENT");
	is_string(error.text, "", "for which the kernel has no words");
	contains(sysgenid_explain(ret, text, sizeof(text)), "modprobe sysgenid",
		 "and the explanation says what to do");
	ret = sysgenid_nl_resolve(fd, "a name that is longer than any family's", NULL, &family,
				  &error);
	ok(ret == -ERANGE || ret == -EINVAL, "a request that the kernel rejects gives its error");
	contains(error.text, "ttribute", "and the kernel's own words");
	is_int(sysgenid_nl_resolve(fd, "nlctrl", NULL, &family, &error), 0,
	       "the socket is good after errors");
}

/* The largest message of the kernel, of a family with very many commands, is not cut off. */
static void test_large(void)
{
	static struct sysgenid_reply reply;
	static union {
		struct nlmsghdr header;
		char data[4096];
	} large;
	int ends[2];

	large.header.nlmsg_len = sizeof(large);
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) &&
	     write(ends[0], &large, sizeof(large)) == sizeof(large));
	is_int(sysgenid_nl_receive(ends[1], &reply), sizeof(large),
	       "a message of a whole page is read");
	close(ends[0]);
	close(ends[1]);
}

static void test_room(void)
{
	struct sysgenid_request request;
	char value[sizeof(request)] = "";
	uint32_t length;

	sysgenid_nl_request(&request, GENL_ID_CTRL, 0, 0);
	length = request.header.nlmsg_len;
	is_int(sysgenid_nl_put(&request, 1, value, sizeof(value)), -EMSGSIZE,
	       "an attribute that does not fit gives EMSGSIZE");
	is_int(sysgenid_nl_put(&request, 1, value, sizeof(value) - length - NLA_HDRLEN + 1),
	       -EMSGSIZE, "by one byte, too");
	is_int(request.header.nlmsg_len, length, "and leaves the request as it was");
	is_int(sysgenid_nl_put(&request, 1, value, sizeof(value) - length - NLA_HDRLEN), 0,
	       "one that just fits is added");
}

/* Parses a message with these attributes. */
static int parse(const void *bytes, size_t size, struct sysgenid_nl_attr *attrs, unsigned int max)
{
	static struct sysgenid_request message;

	sysgenid_nl_request(&message, GENL_ID_CTRL, 0, 0);
	must(message.header.nlmsg_len + size <= sizeof(message));
	memcpy(message.data + message.header.nlmsg_len, bytes, size);
	message.header.nlmsg_len += (uint32_t)size;
	return sysgenid_nl_parse(&message.header, attrs, max);
}

static void test_attributes(void)
{
	const struct {
		struct nlattr head;
		uint32_t value;
	} good[] = {
		{ { 8, 1 }, 7 }, { { 8, 9 }, 8 }, { { 8, NLA_F_NESTED | 2 }, 9 }, { { 6, 1 }, 5 }
	};
	struct sysgenid_nl_attr attrs[3];
	struct nlattr bad = { 8, 1 };
	uint32_t value = 0;

	is_int(parse(good, sizeof(good) - 2, attrs, 2), 0,
	       "attributes are parsed, the last unpadded");
	is_int(sysgenid_nl_get(&attrs[2], &value, sizeof(value)), 0, "one with a flag, too");
	is_int(value, 9, "with its value");
	is_int((int)attrs[1].size, 2, "of two with one number the last one counts");
	is_int(sysgenid_nl_get(&attrs[1], &value, sizeof(value)), -EPROTO,
	       "a value that is too short is refused");
	is_int(parse(good, 3, attrs, 2), 0, "less than an attribute is none");
	is_int(sysgenid_nl_get(&attrs[1], &value, sizeof(value)), -EPROTO,
	       "one that is not there is refused");
	is_int(parse(&bad, sizeof(bad), attrs, 2), -EPROTO,
	       "an attribute that is longer than the message is refused");
	bad.nla_len = NLA_HDRLEN - 1;
	is_int(parse(&bad, sizeof(bad), attrs, 2), -EPROTO,
	       "one that is shorter than its head, too");
}

static void on_alarm(int number)
{
	(void)number;
}

/* A message that the kernel takes and does not answer: NLMSG_NOOP. */
static int call_without_answer(int fd, int timeout_ms)
{
	struct sysgenid_request request;
	struct sysgenid_reply reply;
	struct sysgenid_nl_attr attrs[1];

	sysgenid_nl_request(&request, NLMSG_NOOP, 0, 0);
	return sysgenid_nl_call(fd, &request, timeout_ms, &reply, attrs, 0, NULL);
}

static void test_timeout(int fd)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval often = { .it_value.tv_usec = 10000, .it_interval.tv_usec = 10000 };
	const struct itimerval never = { 0 };
	int64_t start = now_ms();

	is_int(call_without_answer(fd, 100), -ETIMEDOUT, "no answer gives ETIMEDOUT");
	ok(now_ms() - start >= 99, "not before the time is over");
	must(!sigaction(SIGALRM, &action, NULL));
	must(!setitimer(ITIMER_REAL, &often, NULL));
	start = now_ms();
	is_int(call_without_answer(fd, 200), -ETIMEDOUT, "signals do not end a request");
	ok(now_ms() - start >= 199, "nor shorten its time");
	must(!setitimer(ITIMER_REAL, &never, NULL));
}

static bool module_is_here(int fd)
{
	struct sysgenid_family family;

	return sysgenid_nl_resolve(fd, SYSGENID_GENL_NAME, NULL, &family, NULL) == 0;
}

static void test_without_module(int fd)
{
	struct sysgenid_status status;
	struct sysgenid_events *events = (struct sysgenid_events *)&status;
	struct sysgenid_error error;
	uint32_t generation = 4711;

	if (module_is_here(fd)) {
		skip("control functions without the module", "the module is loaded here");
		return;
	}
	is_int(sysgenid_get_status(&status, &error), -ENOENT, "status without the module: ENOENT");
	is_int(sysgenid_trigger(0, 0, &generation, &error), -ENOENT,
	       "trigger without the module: ENOENT");
	is_int(generation, 4711, "a failed trigger leaves the caller's variable alone");
	is_int(sysgenid_events_open(&events, 0), -ENOENT,
	       "subscription without the module: ENOENT");
	ok(!events, "a failed subscription gives no handle");
}

static void test_arguments(void)
{
	struct sysgenid_error error = { "old" };
	struct sysgenid_events *events = (struct sysgenid_events *)&error;

	is_int(sysgenid_trigger(0, 0x80, NULL, &error), -EINVAL, "an unknown flag gives EINVAL");
	is_string(error.text, "", "and no words of an older error");
	is_int(sysgenid_trigger(0, 0x80, NULL, NULL), -EINVAL, "without room for words, too");
	is_int(sysgenid_events_open(&events, 0x80), -EINVAL, "for a subscription, too");
	ok(!events, "which gives no handle");
	sysgenid_events_close(NULL);
	ok(true, "closing no subscription is allowed");
}

static int no_descriptors(void *unused)
{
	struct rlimit none;
	struct sysgenid_status status;
	struct sysgenid_events *events;

	(void)unused;
	must(!getrlimit(RLIMIT_NOFILE, &none));
	none.rlim_cur = 0;
	must(!setrlimit(RLIMIT_NOFILE, &none));
	return sysgenid_get_status(&status, NULL) == -EMFILE &&
			       sysgenid_trigger(0, 0, NULL, NULL) == -EMFILE &&
			       sysgenid_events_open(&events, 0) == -EMFILE
		       ? 0
		       : 1;
}

static void test_causes(void)
{
	static const char *const names[] = { "none",	    "ioctl",   "admin",	 "restore",
					     "virtio-leak", "vmgenid", "kernel", "vmclock",
					     "resume",	    "unknown" };
	char all[128] = "", expected[128] = "";

	for (uint32_t cause = 0; cause <= __SYSGENID_CAUSE_MAX; cause++) {
		strcat(strcat(all, sysgenid_cause_name(cause)), " ");
		strcat(strcat(expected, names[cause]), " ");
	}
	is_string(all, expected, "every cause has its name, and others are unknown");
}

int main(void)
{
	int before = count_descriptors();
	int fd = sysgenid_nl_open();

	must(fd >= 0);
	test_resolve(fd);
	test_errors(fd);
	test_large();
	test_room();
	test_attributes();
	test_timeout(fd);
	test_without_module(fd);
	test_arguments();
	test_causes();
	is_int(in_child(no_descriptors, NULL), 0, "without a free descriptor all say EMFILE");
	close(fd);
	is_int(count_descriptors(), before, "no descriptor is left behind");
	return tap_done();
}
