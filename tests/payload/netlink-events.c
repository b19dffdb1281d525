// SPDX-License-Identifier: GPL-2.0-only
/* The multicast of changes. */
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "netlink.h"
#include "process.h"
#include "tap.h"

#define EVENTS 1000
#define LARGE (16 << 20)

static void one_of_each(struct genl *listener, struct genl *sender)
{
	struct genl_values values = { .has = HAS(SYSGENID_A_CAUSE) };
	struct genl_reply reply, event = { 0 };
	const uint32_t *value = event.values.value;
	uint32_t now = trigger(0);

	must(genl_event(listener, &event, 0) == 0);
	tap_is(event.command, SYSGENID_CMD_EVENT, "a change by ioctl is multicast as EVENT");
	tap_is(event.values.has,
	       HAS(SYSGENID_A_GENERATION) | HAS(SYSGENID_A_CAUSE) | HAS(SYSGENID_A_DOMAIN),
	       "with GENERATION, CAUSE and DOMAIN");
	tap_is(value[SYSGENID_A_GENERATION], now, "GENERATION is the new one");
	tap_is(value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_IOCTL, "CAUSE is IOCTL");
	values.value[SYSGENID_A_CAUSE] = SYSGENID_CAUSE_RESTORE;
	must(genl_ask(sender, SYSGENID_CMD_TRIGGER, &values, &reply) == 0 && !reply.error);
	must(genl_event(listener, &event, 0) == 0);
	tap_is(value[SYSGENID_A_GENERATION], reply.values.value[SYSGENID_A_GENERATION],
	       "a change by netlink is multicast with the GENERATION of the reply");
	tap_is(value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_RESTORE, "and its CAUSE");
	must(genl_ask(sender, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0 && !reply.error);
	must(genl_event(listener, &event, 0) == 0);
	tap_is(value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_ADMIN, "ADMIN for one without CAUSE");
}

static void trigger_many(bool by_netlink, int count)
{
	struct genl own;
	struct genl_reply reply;

	if (by_netlink && genl_open(&own))
		_exit(1);
	while (count--) {
		if (!by_netlink)
			trigger(0);
		else if (genl_ask(&own, SYSGENID_CMD_TRIGGER, NULL, &reply) || reply.error)
			_exit(1);
	}
	_exit(0);
}

static void in_order(struct genl *listener)
{
	uint32_t expected = generation() + 1;
	int wrong = 0, status, good = 0, by_netlink = 0;
	pid_t pids[2];

	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		must(pids[i] >= 0);
		if (!pids[i])
			trigger_many(i, EVENTS / 2);
	}
	for (int i = 0; i < EVENTS; i++) {
		struct genl_reply event;

		if (genl_event(listener, &event, 0))
			break;
		wrong += event.values.value[SYSGENID_A_GENERATION] != expected++;
		by_netlink += event.values.value[SYSGENID_A_CAUSE] == SYSGENID_CAUSE_ADMIN;
		good++;
	}
	for (int i = 0; i < 2; i++)
		must(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
	tap_is(good, EVENTS, "a thousand changes by two processes give a thousand events");
	tap_is(wrong, 0, "in the order of the changes, each once");
	tap_is(by_netlink, EVENTS / 2, "each with its own cause");
}

static int listen_here(long out)
{
	struct genl listener;
	struct genl_reply event;
	uint32_t before;
	char byte;
	int ret;

	if (genl_open(&listener) || genl_subscribe(&listener, LARGE))
		return 254;
	device_setup();
	before = generation();
	/* The parent triggers. All listeners have their message before the trigger returns. */
	if (write((int)out, "r", 1) != 1 || read((int)out, &byte, 1) != 1 || generation() == before)
		return 253;
	ret = -genl_event(&listener, &event, MSG_DONTWAIT);
	return ret;
}

static void elsewhere(int flags, const char *where, int expected, const char *what)
{
	int ends[2], status;
	pid_t pid;
	char byte;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		close(ends[0]);
		_exit(in_namespace(flags, listen_here, ends[1]));
	}
	close(ends[1]);
	must(read(ends[0], &byte, 1) == 1);
	trigger(0);
	must(write(ends[0], "t", 1) == 1);
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	tap_is(WEXITSTATUS(status), expected, "a listener in %s %s", where, what);
	close(ends[0]);
}

static int listen_as_user(long unused)
{
	struct genl listener;
	struct genl_reply event;

	(void)unused;
	if (genl_open(&listener))
		return 254;
	if (genl_subscribe(&listener, 4096))
		return 253;
	return -genl_event(&listener, &event, MSG_DONTWAIT);
}

static void overrun(struct genl *sender)
{
	struct genl listener;
	struct genl_reply event, reply;
	int ret = 0;

	must(genl_open(&listener) == 0 && genl_subscribe(&listener, 4096) == 0);
	for (int i = 0; i < EVENTS; i++)
		trigger(0);
	/* The error is reported once, before the events that did fit. */
	for (int i = 0; i < EVENTS && ret != -ENOBUFS && ret != -EAGAIN; i++)
		ret = genl_event(&listener, &event, MSG_DONTWAIT);
	tap_is(ret, -ENOBUFS, "a listener that is too slow gets ENOBUFS");
	must(genl_ask(sender, SYSGENID_CMD_GET, NULL, &reply) == 0);
	tap_is(reply.values.value[SYSGENID_A_GENERATION], generation(),
	       "and learns by GET where the counter is");
	genl_close(&listener);
}

void netlink_events(void)
{
	struct genl listener, sender;
	struct genl_reply event;

	must(genl_open(&listener) == 0 && genl_open(&sender) == 0);
	trigger(0);
	must(genl_subscribe(&listener, LARGE) == 0);
	tap_is(genl_event(&listener, &event, MSG_DONTWAIT), -EAGAIN,
	       "nothing from before the subscription is sent");
	one_of_each(&listener, &sender);
	in_order(&listener);
	overrun(&sender);
	/* The control: the same listener hears the event when it is in the initial namespace. */
	elsewhere(CLONE_NEWUTS, "the initial network namespace", 0, "hears of a change");
	elsewhere(CLONE_NEWNET, "another network namespace", EAGAIN,
		  "does not hear of the same change");
	tap_is(as_user(listen_as_user, 0), EAGAIN, "subscribing needs no capability");
	genl_close(&listener);
	genl_close(&sender);
}
