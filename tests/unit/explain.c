// SPDX-License-Identifier: GPL-2.0-only
/* The text that explains each error. */
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/stat.h>

#include "helpers.h"
#include "tap.h"

static char text[512];

static const char *explain(int error)
{
	return sysgenid_explain(error, text, sizeof(text));
}

static void test_texts(void)
{
	contains(explain(-ENOENT), "modprobe sysgenid", "ENOENT: how to load the module");
	contains(explain(-ENODEV), "modprobe sysgenid", "ENODEV: how to load the module");
	contains(explain(-ENXIO), "modprobe sysgenid", "ENXIO: how to load the module");
	contains(explain(-EACCES), "container", "EACCES: what a container's runtime must allow");
	contains(explain(-ENOTTY), "not the generation counter", "ENOTTY: it is another file");
	contains(explain(-ERANGE), "force", "ERANGE: it can be forced");
	contains(explain(-EIO), "reseeded", "EIO: the reseed failed");
	contains(explain(-EBUSY), "try again", "EBUSY: try again");
	contains(explain(-ESTALE), "acknowledge", "ESTALE: acknowledge the new generation");
	contains(explain(-ENOBUFS), "status", "ENOBUFS: ask for the status");
	is_string(explain(-EXDEV), "Invalid cross-device link", "others: the C library's text");
	is_string(explain(0), "no error", "0 is no error");
	is_string(explain(3), "no error", "a positive result is no error");
	ok(strlen(explain(-99999)) > 0, "an unknown error gives some text");
}

static void test_sizes(void)
{
	char small[9];

	memset(small, 'x', sizeof(small));
	ok(sysgenid_explain(-ENOENT, small, 8) == small, "the caller's buffer is returned");
	is_string(small, "the ker", "a text that does not fit is cut and terminated");
	is_int(small[8], 'x', "nothing is written behind the buffer");
	sysgenid_explain(-EXDEV, small, 4);
	is_int(strlen(small), 3, "a text of the C library is cut and terminated, too");
	small[0] = 'x';
	sysgenid_explain(-EXDEV, small, 0);
	is_int(small[0], 'x', "nothing is written into no room");
}

static void set_capabilities(const cap_value_t *permitted, int permitted_count,
			     const cap_value_t *effective, int effective_count)
{
	cap_t state = cap_init();

	must(state);
	for (int i = 0; i < permitted_count; i++)
		must(!cap_set_flag(state, CAP_PERMITTED, 1, &permitted[i], CAP_SET));
	for (int i = 0; i < effective_count; i++)
		must(!cap_set_flag(state, CAP_EFFECTIVE, 1, &effective[i], CAP_SET));
	must(!cap_set_proc(state));
	cap_free(state);
}

static const cap_value_t admin[] = { CAP_SYS_ADMIN };
static const cap_value_t checkpoint[] = { CAP_CHECKPOINT_RESTORE };

static int with_none(void *expected)
{
	set_capabilities(NULL, 0, NULL, 0);
	return strstr(explain(-EPERM), expected) ? 0 : 1;
}

static int with_permitted(void *expected)
{
	set_capabilities(checkpoint, 1, NULL, 0);
	return strstr(explain(-EPERM), expected) ? 0 : 1;
}

static int with_effective(void *expected)
{
	set_capabilities(admin, 1, admin, 1);
	return strstr(explain(-EPERM), expected) ? 0 : 1;
}

static int in_other_namespace(void *expected)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return 77;
	return strstr(explain(-EPERM), expected) ? 0 : 1;
}

static bool have(cap_value_t capability)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t state = cap_get_proc();

	must(state);
	must(!cap_get_flag(state, capability, CAP_PERMITTED, &value));
	cap_free(state);
	return value == CAP_SET;
}

static bool in_initial_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/user", &status) == 0 && status.st_ino == 0xEFFFFFFDU;
}

static void test_refusal(void)
{
	static const char none[] =
		"EPERM without capabilities: names both, and that neither is there";
	static const char permitted[] = "EPERM with one permitted: it is to be raised";
	static const char effective[] = "EPERM with one effective: somebody else refuses";
	static const char other[] = "EPERM in another user namespace: says that";
	int ret;

	if (in_initial_namespace())
		is_int(in_child(with_none, "needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the "
					   "initial user namespace, and this process has neither"),
		       0, none);
	else
		skip(none, "this test runs in another user namespace");
	if (in_initial_namespace() && have(CAP_SYS_ADMIN) && have(CAP_CHECKPOINT_RESTORE)) {
		is_int(in_child(with_permitted, "raise it"), 0, permitted);
		is_int(in_child(with_effective, "security module"), 0, effective);
	} else {
		skip(permitted, "the capabilities are not there to be dropped");
		skip(effective, "the capabilities are not there to be dropped");
	}
	ret = in_child(in_other_namespace, "is in another one");
	if (ret == 77)
		skip(other, "user namespaces cannot be made here");
	else
		is_int(ret, 0, other);
}

int main(void)
{
	test_texts();
	test_sizes();
	test_refusal();
	return tap_done();
}
