// SPDX-License-Identifier: GPL-2.0-only
/* MIN_GENERATION over generic netlink: how it is followed, and how far. */
#include "device.h"
#include "genl.h"
#include "netlink.h"
#include "tap.h"

#define RESTORES 20

void netlink_min(struct genl *genl)
{
	struct genl_values values = { .has = HAS(SYSGENID_A_MIN_GENERATION) |
					     HAS(SYSGENID_A_FORCE) };
	uint32_t before = generation(), far;
	struct genl_reply reply = { 0 };
	const uint32_t *value = reply.values.value;

	must(genl_ask(genl, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0);
	tap_is(reply.error, 0, "TRIGGER without attributes is accepted");
	tap_is(reply.command, SYSGENID_CMD_TRIGGER, "and answered with the command TRIGGER");
	tap_is(value[SYSGENID_A_GENERATION], before + 1, "and the new GENERATION");
	tap_is(value[SYSGENID_A_MINOR], SYSGENID_MINOR, "and the MINOR of the device");
	tap_is(generation(), before + 1, "which is the device's");
	must(netlink_trigger(genl, 5, &reply) == 0);
	tap_is(value[SYSGENID_A_GENERATION], before + 2,
	       "a MIN_GENERATION that is passed: it grows by 1");
	must(netlink_trigger(genl, before + 500, &reply) == 0);
	tap_is(value[SYSGENID_A_GENERATION], before + 500, "a higher MIN_GENERATION is followed");

	before = generation();
	far = before + SYSGENID_MAX_JUMP + 1;
	must(netlink_trigger(genl, far, &reply) == 0);
	tap_is(reply.error, ERANGE,
	       "a MIN_GENERATION more than SYSGENID_MAX_JUMP above gives ERANGE");
	tap_ok(strstr(reply.text, "too far") && strstr(reply.text, "force"),
	       "with a text that says what to do");
	tap_diag("%s", reply.text);
	must(netlink_trigger(genl, UINT32_MAX - 1, &reply) == 0);
	tap_is(reply.error, ERANGE, "so does 2^32 - 2");
	tap_is(generation(), before, "and nothing moves");
	must(netlink_trigger(genl, far - 1, &reply) == 0);
	tap_is(reply.error, 0, "exactly SYSGENID_MAX_JUMP above is accepted");
	tap_is(value[SYSGENID_A_GENERATION], far - 1, "and followed");
	values.value[SYSGENID_A_MIN_GENERATION] = far + 2 * SYSGENID_MAX_JUMP;
	must(genl_ask(genl, SYSGENID_CMD_TRIGGER, &values, &reply) == 0);
	tap_is(reply.error, 0, "FORCE lets a MIN_GENERATION through that is too far above");
	tap_is(value[SYSGENID_A_GENERATION], far + 2 * SYSGENID_MAX_JUMP, "which is followed");
	values.value[SYSGENID_A_MIN_GENERATION] = 0x90000000;
	must(genl_ask(genl, SYSGENID_CMD_TRIGGER, &values, &reply) == 0);
	tap_is(value[SYSGENID_A_GENERATION], 0x90000000,
	       "beyond 2^31, too: the comparison is unsigned");
	must(netlink_trigger(genl, 7, &reply) == 0);
	tap_is(value[SYSGENID_A_GENERATION], 0x90000001, "a small MIN_GENERATION is passed then");
}

/* The number that a new domain would begin with. */
static uint32_t next_beginning(struct genl *genl)
{
	struct genl_reply reply;

	must(genl_ask(genl, SYSGENID_CMD_GET, NULL, &reply) == 0 && !reply.error);
	return reply.values.value[SYSGENID_A_HIGHEST] + 1;
}

static void test_reserve(struct genl *genl)
{
	struct genl_values values = { .has = HAS(SYSGENID_A_MIN_GENERATION) };
	uint32_t before = next_beginning(genl);
	struct genl_reply reply;

	must(genl_ask(genl, SYSGENID_CMD_RESEED, NULL, &reply) == 0);
	tap_ok(next_beginning(genl) > before, "after a RESEED domains begin above those before");
	values.value[SYSGENID_A_MIN_GENERATION] = generation() + 1000;
	must(genl_ask(genl, SYSGENID_CMD_RESEED, &values, &reply) == 0);
	tap_is(reply.error, 0, "RESEED takes a MIN_GENERATION");
	tap_ok(next_beginning(genl) > generation() + 1000, "and domains begin above it");
	before = next_beginning(genl);
	values.value[SYSGENID_A_MIN_GENERATION] = before + SYSGENID_MAX_JUMP;
	must(genl_ask(genl, SYSGENID_CMD_RESEED, &values, &reply) == 0);
	tap_is(reply.error, ERANGE, "RESEED with a MIN_GENERATION too far above gives ERANGE");
	tap_is(next_beginning(genl), before, "and leaves the beginnings alone");
}

/* The same image again and again: its distance is paid for once. */
static void test_same_image(struct genl *genl)
{
	struct genl_values values = { .has = HAS(SYSGENID_A_MIN_GENERATION) };
	uint32_t mark = next_beginning(genl) - 1 + SYSGENID_MAX_JUMP;
	struct genl_reply reply;
	int good = 0;

	values.value[SYSGENID_A_MIN_GENERATION] = mark;
	for (int i = 0; i < RESTORES; i++) {
		must(genl_ask(genl, SYSGENID_CMD_RESEED, &values, &reply) == 0);
		good += !reply.error;
	}
	tap_is(good, RESTORES, "an image with a mark far ahead can be restored %d times", RESTORES);
	must(netlink_trigger(genl, mark, &reply) == 0);
	tap_is(reply.error, 0, "and the system moved to its mark after that");
	tap_is(reply.values.value[SYSGENID_A_GENERATION], mark + RESTORES,
	       "of which each has taken one number");
}

/* Jumps that are allowed one by one: their sum has a limit. */
static void test_jumps_in_all(struct genl *genl)
{
	struct genl_values values = { .has = HAS(SYSGENID_A_MIN_GENERATION) |
					     HAS(SYSGENID_A_FORCE) };
	unsigned int followed = 0, enough = SYSGENID_MAX_JUMPS / SYSGENID_MAX_JUMP;
	struct genl_reply reply;
	uint32_t before;

	/* Far from the wrap, with room for all of them. */
	trigger(UINT32_MAX);
	trigger(0);
	do {
		must(genl_ask(genl, SYSGENID_CMD_GET, NULL, &reply) == 0);
		before = reply.values.value[SYSGENID_A_GENERATION];
		must(netlink_trigger(genl, before + SYSGENID_MAX_JUMP, &reply) == 0);
		followed += !reply.error;
	} while (!reply.error && followed <= enough);
	tap_is(reply.error, ERANGE,
	       "jumps that are more than SYSGENID_MAX_JUMPS in all give ERANGE");
	tap_ok(followed >= enough - 2 && followed <= enough, "not before: %u of them were followed",
	       followed);
	tap_ok(strstr(reply.text, "in all") || strstr(reply.text, "too many"),
	       "with a text that says so");
	tap_diag("%s", reply.text);
	tap_is(generation(), before, "and nothing moves");
	must(netlink_trigger(genl, before, &reply) == 0);
	tap_is(reply.error, 0, "a wish that is no jump is followed still");
	for (followed = 0; followed < RESTORES; followed++) {
		must(netlink_trigger(genl, generation() + SYSGENID_FREE_JUMP, &reply) == 0);
		if (reply.error)
			break;
	}
	tap_is(followed, RESTORES, "nor are those refused that are ahead by what is free");
	before = generation();
	values.value[SYSGENID_A_MIN_GENERATION] = before + SYSGENID_MAX_JUMP;
	must(genl_ask(genl, SYSGENID_CMD_TRIGGER, &values, &reply) == 0);
	tap_is(reply.values.value[SYSGENID_A_GENERATION], before + SYSGENID_MAX_JUMP,
	       "and FORCE lets a jump through");
}

void netlink_jumps(struct genl *genl)
{
	test_reserve(genl);
	test_same_image(genl);
	test_jumps_in_all(genl);
}
