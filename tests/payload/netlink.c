// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the uapi header says about generic netlink. To be run as root with the module just loaded.
 * usage: netlink all | one-trigger | reseed-fails | tried-again | resolve
 */
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "genl.h"
#include "netlink.h"
#include "process.h"
#include "tap.h"

#define LIMIT_SECONDS 100

static struct genl genl;

int netlink_trigger(struct genl *socket, uint32_t min, struct genl_reply *reply)
{
	struct genl_values values = { .has = HAS(SYSGENID_A_MIN_GENERATION) };

	values.value[SYSGENID_A_MIN_GENERATION] = min;
	return genl_ask(socket, SYSGENID_CMD_TRIGGER, &values, reply);
}

/* For children: the error number of a trigger through a socket of their own, 254 without one. */
static int try_trigger(long unused)
{
	struct genl own;
	struct genl_reply reply;

	(void)unused;
	if (genl_open(&own))
		return 254;
	return netlink_trigger(&own, 0, &reply) ? 254 : reply.error;
}

static int try_reseed(long unused)
{
	struct genl own;
	struct genl_reply reply;

	(void)unused;
	if (genl_open(&own) || genl_ask(&own, SYSGENID_CMD_RESEED, NULL, &reply))
		return 254;
	return reply.error;
}

static int try_get(long expected)
{
	struct genl own;
	struct genl_reply reply;

	if (genl_open(&own) || genl_ask(&own, SYSGENID_CMD_GET, NULL, &reply))
		return 254;
	if (!reply.error && reply.values.value[SYSGENID_A_GENERATION] != (uint32_t)expected)
		return 253;
	return reply.error;
}

static void test_get(void)
{
	const unsigned int all =
		HAS(SYSGENID_A_GENERATION) | HAS(SYSGENID_A_HIGHEST) | HAS(SYSGENID_A_WATCHERS) |
		HAS(SYSGENID_A_OUTDATED) | HAS(SYSGENID_A_CAUSE) | HAS(SYSGENID_A_MINOR) |
		HAS(SYSGENID_A_DOMAIN) | HAS(SYSGENID_A_RESTORED) | HAS(SYSGENID_A_VIEW_MINOR);
	int fds[3];
	struct genl_reply reply = { 0 };
	const uint32_t *value = reply.values.value;

	must(genl_ask(&genl, SYSGENID_CMD_GET, NULL, &reply) == 0);
	tap_is(reply.error, 0, "GET is answered");
	tap_is(reply.command, SYSGENID_CMD_GET, "with the command GET");
	tap_is(reply.values.has, all,
	       "GET's reply has GENERATION, HIGHEST, WATCHERS, OUTDATED, CAUSE, MINOR, DOMAIN, "
	       "RESTORED, VIEW_MINOR, no more of 32 bits");
	tap_is(value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_NONE,
	       "the cause is NONE while nothing has happened");
	tap_is(value[SYSGENID_A_GENERATION], 0, "and the generation 0");
	tap_is(value[SYSGENID_A_MINOR], SYSGENID_MINOR, "MINOR is the device's");
	for (int i = 0; i < 3; i++) {
		fds[i] = device_open(O_RDWR);
		must(ioctl(fds[i], SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	}
	trigger(1000);
	acknowledge_now(fds[0]);
	must(genl_ask(&genl, SYSGENID_CMD_GET, NULL, &reply) == 0);
	tap_is(value[SYSGENID_A_GENERATION], 1000, "GENERATION is the device's");
	tap_is(value[SYSGENID_A_HIGHEST], 1000, "HIGHEST is the highest number ever drawn");
	tap_is(value[SYSGENID_A_WATCHERS], 3, "WATCHERS is the number of tracked files");
	tap_is(value[SYSGENID_A_OUTDATED], 2, "OUTDATED is the number of those that are outdated");
	tap_is(value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_IOCTL, "CAUSE is that of the last change");
	for (int i = 0; i < 3; i++)
		device_close(fds[i]);
	tap_is(as_user(try_get, 1000), 0, "GET needs no capability");
	tap_is(in_namespace(CLONE_NEWNET, try_get, 1000), 0,
	       "GET works from another network namespace");
	tap_is(in_namespace(CLONE_NEWUSER | CLONE_NEWNET, try_get, 1000), 0,
	       "GET works from another network and user namespace");
	must(genl_ask(&genl, SYSGENID_CMD_EVENT, NULL, &reply) == 0);
	tap_is(reply.error, EOPNOTSUPP, "EVENT is no request");
}

/* Kernels look at it since 6.1. */
static void test_reserved(void)
{
	static const uint8_t commands[] = { SYSGENID_CMD_GET, SYSGENID_CMD_TRIGGER,
					    SYSGENID_CMD_RESEED };
	uint32_t before = generation();
	struct genl_reply reply;

	for (size_t i = 0; i < sizeof(commands); i++) {
		must(genl_ask_reserved(&genl, commands[i], 1, &reply) == 0);
		tap_is(reply.error, EINVAL,
		       "EINVAL for command %u with a reserved field that is not 0", commands[i]);
	}
	tap_is(generation(), before, "what was refused has moved nothing");
}

static void test_privilege(void)
{
	const uint64_t one = (uint64_t)1 << CAP_CHECKPOINT_RESTORE,
		       other = (uint64_t)1 << CAP_SYS_ADMIN;
	uint32_t before = generation();

	tap_is(as_user(try_trigger, 0), EPERM,
	       "TRIGGER gives EPERM for a user without capabilities");
	tap_is(with_capabilities(ALL_CAPABILITIES & ~(one | other), try_trigger, 0), EPERM,
	       "TRIGGER gives EPERM with all capabilities but the two");
	tap_is(in_namespace(CLONE_NEWUSER, try_trigger, 0), EPERM,
	       "TRIGGER gives EPERM for root in a user namespace");
	tap_is(in_namespace(CLONE_NEWUSER | CLONE_NEWNET, try_trigger, 0), EPERM,
	       "TRIGGER gives EPERM for root in a user namespace that owns its network namespace");
	tap_is(generation(), before, "a TRIGGER that was refused has not moved the generation");
	tap_is(with_capabilities(one, try_trigger, 0), 0,
	       "CAP_CHECKPOINT_RESTORE alone is enough for TRIGGER");
	tap_is(with_capabilities(other, try_trigger, 0), 0,
	       "CAP_SYS_ADMIN alone is enough for TRIGGER");
	tap_is(in_namespace(CLONE_NEWNET, try_trigger, 0), 0,
	       "TRIGGER works from another network namespace");
	tap_is(generation(), before + 3, "each of these has moved the generation");
}

/* Triggers with the socket that the parent has opened as root. */
static int try_inherited(long unused)
{
	struct genl_reply reply;

	(void)unused;
	if (netlink_trigger(&genl, 0, &reply))
		return 254;
	/* The text must say what is missing. */
	if (reply.error == EPERM &&
	    (!strstr(reply.text, "CAP_CHECKPOINT_RESTORE") || !strstr(reply.text, "CAP_SYS_ADMIN")))
		return 253;
	return reply.error;
}

static void test_sockets_handed_on(void)
{
	uint32_t before = generation();
	struct genl weak;
	struct genl_reply reply;

	tap_is(as_user(try_inherited, 0), EPERM,
	       "EPERM for a socket that root opened and a user sends on, with a text that names "
	       "the capabilities");
	/* The effective capabilities go with the user and come back with root. */
	must(seteuid(1000) == 0);
	must(genl_open(&weak) == 0 && genl_connect(&weak) == 0);
	must(seteuid(0) == 0);
	must(netlink_trigger(&weak, 0, &reply) == 0);
	tap_is(reply.error, EPERM,
	       "EPERM for a socket that a user opened and connected, and root writes to");
	tap_is(generation(), before, "neither has moved the generation");
	genl_close(&weak);
}

static void test_cause(void)
{
	static const uint32_t wrong[] = { SYSGENID_CAUSE_NONE,
					  SYSGENID_CAUSE_IOCTL,
					  SYSGENID_CAUSE_VIRTIO_LEAK,
					  SYSGENID_CAUSE_VMGENID,
					  SYSGENID_CAUSE_KERNEL,
					  __SYSGENID_CAUSE_MAX,
					  UINT32_MAX };
	struct genl_values values = { .has = HAS(SYSGENID_A_CAUSE) };
	uint32_t before;
	struct genl_reply reply;

	must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0);
	must(genl_ask(&genl, SYSGENID_CMD_GET, NULL, &reply) == 0);
	tap_is(reply.values.value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_ADMIN,
	       "the default CAUSE is ADMIN");
	values.value[SYSGENID_A_CAUSE] = SYSGENID_CAUSE_RESTORE;
	must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, &values, &reply) == 0 && !reply.error);
	must(genl_ask(&genl, SYSGENID_CMD_GET, NULL, &reply) == 0);
	tap_is(reply.values.value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_RESTORE,
	       "CAUSE RESTORE is accepted");
	values.value[SYSGENID_A_CAUSE] = SYSGENID_CAUSE_ADMIN;
	must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, &values, &reply) == 0);
	tap_is(reply.error, 0, "CAUSE ADMIN is accepted");
	before = generation();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		values.value[SYSGENID_A_CAUSE] = wrong[i];
		must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, &values, &reply) == 0);
		tap_is(reply.error, EINVAL, "CAUSE %u gives EINVAL", wrong[i]);
		tap_ok(strstr(reply.text, "cause") != NULL,
		       "with a text that names the cause (CAUSE %u)", wrong[i]);
		if (!i)
			tap_diag("%s", reply.text);
	}
	tap_is(generation(), before, "a wrong CAUSE does not move the generation");
}

#define NOISES 3

static void test_reseeded(void)
{
	int exact = 0, late = 0, rounds = slow_kernel() ? 100 : 1000;
	struct genl_reply reply;
	pid_t noise[NOISES];

	for (int i = 0; i < rounds; i++) {
		must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0 && !reply.error);
		exact += shared_page->rng_generation == reply.values.value[SYSGENID_A_GENERATION];
	}
	tap_is(exact, rounds,
	       "TRIGGER is answered when rng_generation has reached its generation, %d times",
	       rounds);
	for (int i = 0; i < NOISES; i++) {
		noise[i] = fork();
		must(noise[i] >= 0);
		if (!noise[i])
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!noise[i])
			trigger(0);
	}
	for (int i = 0; i < rounds; i++) {
		must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0 && !reply.error);
		/* The noise may have moved the generation on, which is far from its wrap. */
		late += shared_page->rng_generation < reply.values.value[SYSGENID_A_GENERATION];
	}
	for (int i = 0; i < NOISES; i++) {
		kill(noise[i], SIGKILL);
		waitpid(noise[i], NULL, 0);
	}
	tap_is(late, 0, "never before, %d times, while other processors trigger by ioctl", rounds);
}

static void test_one_trigger(void)
{
	struct genl_reply reply;

	must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0);
	tap_is(reply.error, 0, "TRIGGER is answered");
	tap_is(shared_page->rng_generation, generation(),
	       "when the random number generator has been reseeded");
}

static void test_reseed(void)
{
	const uint64_t one = (uint64_t)1 << CAP_CHECKPOINT_RESTORE,
		       other = (uint64_t)1 << CAP_SYS_ADMIN;
	uint32_t before = generation();
	struct genl_reply reply;

	must(genl_ask(&genl, SYSGENID_CMD_RESEED, NULL, &reply) == 0);
	tap_is(reply.error, 0, "RESEED is answered");
	tap_is(reply.command, SYSGENID_CMD_RESEED, "with the command RESEED");
	tap_is(reply.values.has,
	       HAS(SYSGENID_A_GENERATION) | HAS(SYSGENID_A_DOMAIN) | HAS(SYSGENID_A_MINOR) |
		       HAS(SYSGENID_A_VIEW_MINOR),
	       "and GENERATION, DOMAIN, MINOR and VIEW_MINOR");
	tap_is(reply.values.value[SYSGENID_A_GENERATION], before, "and has moved nothing");
	tap_is(as_user(try_reseed, 0), EPERM, "RESEED gives EPERM for a user");
	tap_is(with_capabilities(ALL_CAPABILITIES & ~(one | other), try_reseed, 0), EPERM,
	       "RESEED gives EPERM with all capabilities but the two");
	tap_is(in_namespace(CLONE_NEWUSER | CLONE_NEWNET, try_reseed, 0), EPERM,
	       "RESEED gives EPERM for root in a user namespace");
	tap_is(with_capabilities(one, try_reseed, 0), 0,
	       "CAP_CHECKPOINT_RESTORE alone is enough for RESEED");
	tap_is(with_capabilities(other, try_reseed, 0), 0,
	       "CAP_SYS_ADMIN alone is enough for RESEED");
	tap_is(generation(), before, "and no RESEED has moved the generation");
}

/* To be run while the random device is hidden. */
static void test_reseed_fails(void)
{
	uint32_t before = generation(), reseeded = shared_page->rng_generation;
	struct genl_reply reply;

	must(genl_ask(&genl, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0);
	tap_is(reply.error, EIO, "EIO when the random number generator cannot be reseeded");
	tap_ok(strstr(reply.text, "has moved") && strstr(reply.text, "reseeded"),
	       "with a text that says what has happened and what has not");
	tap_is(generation(), before + 1, "the generation has moved");
	tap_is(shared_page->rng_generation, reseeded, "rng_generation has not");
	must(genl_ask(&genl, SYSGENID_CMD_RESEED, NULL, &reply) == 0);
	tap_is(reply.error, EIO, "and EIO for RESEED");
	tap_ok(strstr(reply.text, "could not be reseeded") != NULL, "with a text that says so");
}

/* To be run after test_reseed_fails(), with the random device back. */
static void test_tried_again(void)
{
	long long end = now_ms() + 60000;

	while (shared_page->rng_generation != generation() && now_ms() < end)
		pause_ms(10);
	tap_is(shared_page->rng_generation, generation(),
	       "a reseed that has failed is tried again, until it succeeds");
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	int ret;

	time_limit(LIMIT_SECONDS);
	ret = genl_open(&genl);
	if (strcmp(what, "resolve") == 0)
		return ret != 0;
	if (ret)
		tap_bail("no netlink family %s: %s", SYSGENID_GENL_NAME, strerror(-ret));
	device_setup();
	if (strcmp(what, "reseed-fails") == 0) {
		test_reseed_fails();
	} else if (strcmp(what, "tried-again") == 0) {
		test_tried_again();
	} else if (strcmp(what, "one-trigger") == 0) {
		test_one_trigger();
	} else if (strcmp(what, "all") == 0) {
		test_get();
		test_reserved();
		test_privilege();
		test_sockets_handed_on();
		netlink_events();
		netlink_min(&genl);
		test_cause();
		test_reseeded();
		test_reseed();
		netlink_jumps(&genl);
	} else {
		tap_bail("usage: netlink all | one-trigger | reseed-fails | tried-again | resolve");
	}
	return tap_done();
}
