// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what in which domain, by ioctl and by netlink. */
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "domains.h"
#include "process.h"
#include "tap.h"

static int trigger_file(long fd)
{
	return ioctl((int)fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) ? errno : 0;
}

static int trigger_own(long min)
{
	int fd = open(SYSGENID_DEVICE, O_RDONLY | O_CLOEXEC);
	const volatile struct sysgenid_page *page = device_map(fd);
	uint32_t before = page->generation;
	long long end = now_ms() + 10000;

	if (ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, min))
		return errno;
	if (page->generation != (min > before ? (uint32_t)min : before + 1))
		return 251;
	/* The kernel's generator is reseeded for a new number of a container's domain, too. */
	while (page->rng_generation != page->generation) {
		if (now_ms() > end)
			return 252;
		pause_ms(1);
	}
	return 0;
}

static int trigger_own_as_user(long min)
{
	become_user(0);
	return trigger_own(min);
}

static int trigger_own_without(long min)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	must(syscall(SYS_capset, &header, none) == 0);
	return trigger_own(min);
}

/* A domain whose owner is another user namespace than the one that the caller is root of. */
static int trigger_own_as_foreign(long unused)
{
	int fd = open(SYSGENID_DEVICE, O_RDONLY | O_CLOEXEC);

	(void)unused;
	return in_namespace(CLONE_NEWUSER, trigger_file, fd);
}

static int nested(long outer_domain)
{
	int fd = device_open(O_RDONLY);

	return fdinfo_number(fd, "sysgenid-domain") == outer_domain;
}

static int nest(long unused)
{
	int fd = device_open(O_RDONLY);

	(void)unused;
	return in_pid_namespace(0, nested, fdinfo_number(fd, "sysgenid-domain"));
}

static int ask(uint8_t command, int namespace, uint32_t min, struct genl_reply *reply)
{
	struct genl_values values = { .has = 0 };
	struct genl own;

	if (namespace >= 0)
		values.has |= HAS(SYSGENID_A_PIDNS_FD);
	if (min)
		values.has |= HAS(SYSGENID_A_MIN_GENERATION);
	values.value[SYSGENID_A_PIDNS_FD] = (uint32_t) namespace;
	values.value[SYSGENID_A_MIN_GENERATION] = min;
	if (genl_open(&own) || genl_ask(&own, command, &values, reply))
		return 254;
	genl_close(&own);
	return reply->error;
}

static int get_other(long namespace)
{
	struct genl_reply reply;

	return ask(SYSGENID_CMD_GET, (int)namespace, 0, &reply);
}

static int trigger_other(long namespace)
{
	struct genl_reply reply;

	return ask(SYSGENID_CMD_TRIGGER, (int)namespace, 0, &reply);
}

static int reseed(long unused)
{
	struct genl_reply reply;

	(void)unused;
	return ask(SYSGENID_CMD_RESEED, -1, 0, &reply);
}

/* What a container's root can learn and do by netlink about its own domain. */
static int own_by_netlink(long min)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC),
	    fd = open(SYSGENID_DEVICE, O_RDONLY | O_CLOEXEC);
	const volatile struct sysgenid_page *page = device_map(fd);
	struct genl_reply reply = { 0 };
	uint32_t *value = reply.values.value;

	if (ask(SYSGENID_CMD_GET, -1, 0, &reply))
		return 1;
	if (value[SYSGENID_A_DOMAIN] != inode_of(own) ||
	    value[SYSGENID_A_GENERATION] != page->generation)
		return 2;
	if (ask(SYSGENID_CMD_GET, own, 0, &reply) || value[SYSGENID_A_DOMAIN] != inode_of(own))
		return 3;
	if (ask(SYSGENID_CMD_TRIGGER, own, (uint32_t)min, &reply))
		return 4;
	if (value[SYSGENID_A_GENERATION] != (uint32_t)min || page->generation != (uint32_t)min)
		return 5;
	if (page->rng_generation != (uint32_t)min)
		return 6;
	return 0;
}

/* The kernel holds generic netlink's lock while it works through one buffer. */
static int two_at_once(long namespace)
{
	struct genl_values values = { .has = HAS(SYSGENID_A_PIDNS_FD) };
	struct genl_reply replies[2];
	struct genl own;

	if (namespace < 0)
	namespace = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	values.value[SYSGENID_A_PIDNS_FD] = (uint32_t) namespace;
	if (genl_open(&own) || genl_ask_twice(&own, SYSGENID_CMD_TRIGGER, &values, replies))
		return 254;
	genl_close(&own);
	return replies[1].error ? 253 : replies[0].error;
}

static int look_at_sysfs(long unused)
{
	int fd = device_open(O_RDWR);
	const volatile struct sysgenid_page *page = device_map(fd);

	(void)unused;
	must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	if (sysfs_number("generation") != page->generation || sysfs_number("watchers") != 1)
		return 1;
	fd = open("/sys/class/misc/sysgenid/domains", O_RDONLY | O_CLOEXEC);
	return read(fd, &fd, 1) == -1 ? errno : 0;
}

static int first_generation(long unused)
{
	int fd = device_open(O_RDONLY);

	(void)unused;
	/* It is small in this test. */
	return (int)device_map(fd)->generation;
}

void domains_rights(struct box *other)
{
	const int user = CLONE_NEWUSER | CLONE_NEWNET;
	int system = device_open(O_RDONLY), init;
	uint32_t before = generation();

	init = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	box_note(other);
	tap_is(in_pid_namespace(0, first_generation, 0), before + 1,
	       "a domain starts above the highest number of the system's");
	tap_is(in_pid_namespace(0, nest, 0), 0, "a nested PID namespace is another domain");
	tap_is(in_pid_namespace(0, trigger_own, 0), 0, "the host's root triggers in a container");
	tap_is(in_pid_namespace(CLONE_NEWUSER, trigger_own, 0), 0,
	       "root of the user namespace that owns a PID namespace can trigger there");
	tap_is(in_pid_namespace(CLONE_NEWUSER, trigger_own, 0x70000000), 0, "as far as it likes");
	tap_is(in_pid_namespace(CLONE_NEWUSER, trigger_own_without, 0), EACCES,
	       "EACCES for a process without capabilities there");
	tap_is(in_pid_namespace(0, trigger_own_as_user, 0), EACCES,
	       "EACCES for a user in a PID namespace of the host's");
	tap_is(in_pid_namespace(0, trigger_own_as_foreign, 0), EACCES,
	       "EACCES for root of a user namespace that does not own the PID namespace");
	tap_is(in_pid_namespace(user, trigger_file, other->fd), EACCES,
	       "EACCES for a container's root and a file of another container");
	tap_is(in_pid_namespace(user, trigger_file, system), EACCES,
	       "EACCES for a container's root and a file of the system's");
	tap_is(in_pid_namespace(user, own_by_netlink, 0x7ffffff0), 0,
	       "by netlink a container's root sees and moves its own domain, by any jump");
	tap_is(in_pid_namespace(user, two_at_once, -1), EBUSY,
	       "EBUSY for its TRIGGER if another request follows in the same buffer, and 0 for "
	       "that");
	tap_is(in_pid_namespace(user, get_other, other->namespace), EPERM,
	       "EPERM for GET with the namespace of another container");
	tap_is(in_pid_namespace(user, get_other, init), EPERM,
	       "EPERM for GET with the initial one");
	tap_is(in_pid_namespace(user, trigger_other, other->namespace), EPERM,
	       "EPERM for TRIGGER with the namespace of another container");
	tap_is(in_pid_namespace(user, trigger_other, -1), EPERM, "EPERM for TRIGGER without one");
	tap_is(in_pid_namespace(user, reseed, 0), EPERM, "EPERM for RESEED");
	tap_is(as_user(get_other, other->namespace), EPERM,
	       "EPERM for GET by a user of the host with the namespace of a container");
	tap_is(in_pid_namespace(0, look_at_sysfs, 0), EACCES,
	       "sysfs shows a container its own domain, and not how many there are");
	tap_is(generation(), before, "none of this has moved the system's generation");
	tap_ok(box_undisturbed(other), "nor disturbed the other container");
	close(init);
	device_close(system);
}

static int undisturbed(struct box *boxes, int count)
{
	int good = 0;

	for (int i = 0; i < count; i++)
		good += box_undisturbed(&boxes[i]);
	return good;
}

static void wrong_descriptors(void)
{
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
	    file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	tap_is(get_other(9999), EBADF, "PIDNS_FD that is no descriptor gives EBADF");
	tap_is(get_other(net), EINVAL, "a network namespace gives EINVAL");
	tap_is(get_other(file), EINVAL, "another file gives EINVAL");
	tap_is(trigger_other(net), EINVAL, "for TRIGGER, too");
	close(net);
	close(file);
}

/* Asks about a PID namespace without a domain. */
static void absent(void)
{
	struct genl_reply reply = { 0 };
	uint32_t *value = reply.values.value, before = generation(), first;
	long count = sysfs_number("domains");
	pid_t pid = clone_sleeper();
	char path[64];
	int namespace;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	must(namespace >= 0);
	tap_is(ask(SYSGENID_CMD_GET, namespace, 0, &reply), 0,
	       "GET of a domain that does not exist is answered");
	first = value[SYSGENID_A_GENERATION];
	/* Triggers of other domains have drawn numbers of the system's. */
	tap_ok(first > before, "with what it would start with, above the system's");
	tap_is(value[SYSGENID_A_WATCHERS], 0, "and no watchers");
	tap_is(value[SYSGENID_A_DOMAIN], inode_of(namespace), "and its number");
	tap_is(ask(SYSGENID_CMD_TRIGGER, namespace, 0x70000000, &reply), 0, "so is TRIGGER");
	tap_is(value[SYSGENID_A_GENERATION], first + 1,
	       "with the next number, since the first may be known there");
	tap_is(sysfs_number("domains"), count, "neither makes the domain");
	tap_is(generation(), before, "or moves the system's generation");
	close(namespace);
	end_sleeper(pid);
}

/* Moves a domain from the host. @others stay as they are. */
void domains_by_netlink(struct box *box, struct box *others, int count, struct genl *genl)
{
	struct genl_reply reply = { 0 }, event;
	uint32_t *value = reply.values.value, before = generation();

	for (int i = 0; i < count; i++)
		box_note(&others[i]);
	box_note(box);
	must(ask(SYSGENID_CMD_GET, box->namespace, 0, &reply) == 0);
	tap_is(value[SYSGENID_A_DOMAIN], box->domain, "GET with PIDNS_FD tells the domain");
	tap_is(value[SYSGENID_A_GENERATION], box->generation, "its generation");
	tap_is(value[SYSGENID_A_HIGHEST], box->generation, "its highest number");
	tap_is(value[SYSGENID_A_WATCHERS], 1, "and its watchers");
	must(ask(SYSGENID_CMD_TRIGGER, box->namespace, 0, &reply) == 0);
	tap_is(value[SYSGENID_A_GENERATION], box->generation + 1,
	       "TRIGGER with PIDNS_FD moves that domain");
	tap_is(value[SYSGENID_A_DOMAIN], box->domain, "and says which");
	tap_is(box->page->rng_generation, box_generation(box),
	       "it is answered when the generator has been reseeded for it");
	tap_ok(box_followed(box), "its sleeper is woken and acknowledges");
	must(ask(SYSGENID_CMD_GET, box->namespace, 0, &reply) == 0);
	tap_is(value[SYSGENID_A_CAUSE], SYSGENID_CAUSE_ADMIN, "it remembers the cause");
	must(genl_event(genl, &event, MSG_DONTWAIT) == 0);
	tap_ok(event.values.value[SYSGENID_A_DOMAIN] == box->domain &&
		       event.values.value[SYSGENID_A_GENERATION] == box->generation + 1,
	       "the event for it carries the domain and its generation");
	tap_is(undisturbed(others, count), count, "%d other containers were not disturbed", count);
	tap_is(generation(), before, "nor was the system");
	wrong_descriptors();
	absent();
}
