// SPDX-License-Identifier: GPL-2.0-only
/* The control plane: who may trigger. */
#define _GNU_SOURCE
#include "lib-guest.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define NOBODY 65534

void keep_capability(int capability)
{
	cap_t state = cap_init();
	const cap_value_t value = capability;

	must(state);
	if (capability >= 0) {
		must(!cap_set_flag(state, CAP_PERMITTED, 1, &value, CAP_SET));
		must(!cap_set_flag(state, CAP_EFFECTIVE, 1, &value, CAP_SET));
	}
	must(!cap_set_proc(state));
	cap_free(state);
}

static bool is_refused(const char *explanation)
{
	uint32_t before = get_status().generation;
	struct sysgenid_error error;
	char text[512];
	int ret = sysgenid_trigger(0, 0, NULL, &error);

	if (ret != -EPERM || !strstr(error.text, "CAP_CHECKPOINT_RESTORE"))
		return false;
	if (!strstr(sysgenid_explain(ret, text, sizeof(text)), explanation))
		return false;
	return get_status().generation == before;
}

static int without_capability(void *unused)
{
	(void)unused;
	keep_capability(-1);
	return is_refused("has neither") ? 0 : 1;
}

static int as_nobody(void *unused)
{
	(void)unused;
	must(!setgid(NOBODY) && !setuid(NOBODY));
	return is_refused("has neither") ? 0 : 1;
}

static int in_user_namespace(void *unused)
{
	(void)unused;
	must(!unshare(CLONE_NEWUSER));
	return is_refused("is in another one") ? 0 : 1;
}

static int with_one_capability(void *capability)
{
	keep_capability(*(int *)capability);
	return sysgenid_trigger(0, 0, NULL, NULL) == 0 ? 0 : 1;
}

static int in_network_namespace(void *unused)
{
	uint32_t before = get_status().generation;

	(void)unused;
	must(!unshare(CLONE_NEWNET));
	return sysgenid_trigger(0, 0, NULL, NULL) == 0 && get_status().generation != before ? 0 : 1;
}

static int all_but_trigger(void *unused)
{
	struct sysgenid_events *events;
	struct sysgenid *id;

	(void)unused;
	must(!setgid(NOBODY) && !setuid(NOBODY));
	/* The /proc/self of a program that was root belongs to root. */
	must(!prctl(PR_SET_DUMPABLE, 0));
	if (sysgenid_open(&id, NULL, 0) || sysgenid_acknowledge(id, sysgenid_generation(id)))
		return 1;
	if (sysgenid_track(id, true) || sysgenid_wait_watchers(id, 1000))
		return 2;
	if (sysgenid_wait(id, sysgenid_generation(id), 10) != -ETIME)
		return 3;
	if (sysgenid_events_open(&events, 0))
		return 4;
	if (ioctl(id->fd, SYSGENID_TRIGGER_GEN_UPDATE, 0UL) != -1 || errno != EACCES)
		return 5;
	sysgenid_events_close(events);
	sysgenid_close(id);
	return 0;
}

void test_privileges(void)
{
	int restore = CAP_CHECKPOINT_RESTORE, admin = CAP_SYS_ADMIN, chown = CAP_CHOWN;

	is_int(in_child(without_capability, NULL), 0, "root without capabilities is refused");
	is_int(in_child(as_nobody, NULL), 0, "another user is refused");
	is_int(in_child(in_user_namespace, NULL), 0, "root of a user namespace is refused");
	is_int(in_child(with_one_capability, &restore), 0, "CAP_CHECKPOINT_RESTORE is enough");
	is_int(in_child(with_one_capability, &admin), 0, "CAP_SYS_ADMIN is enough");
	is_int(in_child(with_one_capability, &chown), 1, "another capability is not");
	is_int(in_child(in_network_namespace, NULL), 0, "it works in another network namespace");
	is_int(in_child(all_but_trigger, NULL), 0, "everything else needs no privilege");
}

static int reseed_without_capability(void *unused)
{
	(void)unused;
	keep_capability(-1);
	return sysgenid_reseed(NULL) == -EPERM ? 0 : 1;
}

void test_domains(void)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC),
	    other = open("/dev/null", O_RDONLY);
	uint32_t before = get_status().generation, domain = 0, generation = 0;
	struct sysgenid_status status = { 0 };
	struct sysgenid_error error;
	struct stat file;

	must(own >= 0 && other >= 0 && !fstat(own, &file));
	is_int(sysgenid_get_domain_status(own, &status, &domain, &error), 0,
	       "the status of a domain");
	is_int(status.generation, before, "is that of the system for the initial namespace");
	is_int(domain, (long)file.st_ino, "which has the number of the namespace's file");
	is_int(sysgenid_get_domain_status(-1, &status, &domain, NULL), 0, "-1 is the caller's own");
	is_int(domain, (long)file.st_ino, "with the same number here");
	is_int(sysgenid_get_domain_status(other, &status, NULL, &error), -EINVAL,
	       "a file that is no PID namespace: EINVAL");
	ok(strstr(error.text, "PID namespace") != NULL, "with the kernel's words");
	is_int(sysgenid_trigger_domain(other, 0, 0, NULL, NULL), -EINVAL, "for a trigger, too");
	is_int(sysgenid_trigger_domain(-1, 0, 0, NULL, NULL), -EBADF,
	       "a trigger without a namespace: EBADF");
	is_int(sysgenid_reseed(&error), 0, "the generator can be reseeded alone");
	is_int(in_child(reseed_without_capability, NULL), 0, "not without capabilities");
	is_int(get_status().generation, before, "none of this has moved the generation");
	is_int(sysgenid_trigger_domain(own, 0, 0, &generation, NULL), 0, "a domain is triggered");
	ok(generation > before, "to a new generation");
	is_int(get_status().generation, generation, "which is the system's for the initial one");
	close(own);
	close(other);
}
