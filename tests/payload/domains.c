// SPDX-License-Identifier: GPL-2.0-only
/*
 * A generation for each PID namespace. To be run as root in the initial one, with the module just
 * loaded. usage: domains all CGROUP | domains churn (until it is killed) | domains
 * hold|busy|foreign NUMBER
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "domains.h"
#include "process.h"
#include "tap.h"

#define LIMIT_SECONDS 250
#define BOXES 200
#define KEPT 500
#define LOOPS 10000
#define LARGE (16 << 20)

static struct box boxes[BOXES];
static struct genl system_events, domain_events, requests;

static uint32_t highest(void)
{
	struct genl_reply reply;

	must(genl_ask(&requests, SYSGENID_CMD_GET, NULL, &reply) == 0 && !reply.error);
	return reply.values.value[SYSGENID_A_HIGHEST];
}

static void start_boxes(void)
{
	uint32_t before = highest();
	int fresh = 0, distinct = 0, named = 0;

	for (int i = 0; i < BOXES; i++) {
		box_start(&boxes[i]);
		fresh += box_generation(&boxes[i]) == before + 1;
		distinct += i == 0 || boxes[i].domain != boxes[i - 1].domain;
		/* Seen from here, by a process that got the file from there. */
		named += fdinfo_number(boxes[i].fd, "sysgenid-domain") == boxes[i].domain;
	}
	tap_is(sysfs_number("domains"), BOXES, "%d PID namespaces have %d domains", BOXES, BOXES);
	tap_is(distinct, BOXES, "each its own");
	tap_is(named, BOXES, "to which a file belongs that was handed out of it by SCM_RIGHTS");
	tap_is(fresh, BOXES, "each starts at the number after the system's highest");
	tap_is(highest(), before, "and none has taken a number of the system's");
	tap_is(sysfs_number("watchers"), 0, "their watchers are not the system's");
}

static void note_all(void)
{
	for (int i = 0; i < BOXES; i++)
		box_note(&boxes[i]);
}

static int followers(void)
{
	int good = 0;

	for (int i = 0; i < BOXES; i++)
		good += box_followed(&boxes[i]);
	return good;
}

static int all_reseeded(void)
{
	int good = 0;

	for (int i = 0; i < BOXES; i++)
		good += boxes[i].page->rng_generation == box_generation(&boxes[i]);
	return good;
}

static void one_event_each(struct genl *listener, uint32_t domain)
{
	struct genl_reply event;

	must(genl_event(listener, &event, MSG_DONTWAIT) == 0);
	tap_is(event.values.value[SYSGENID_A_DOMAIN], domain, "the event carries the domain");
	tap_is(genl_event(listener, &event, MSG_DONTWAIT), -EAGAIN,
	       "there is one event and no more");
}

static void bump_in_kernel(void)
{
	int fd = open("/sys/module/sysgenid_test/parameters/bump", O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, "6", 1) == 1);
	close(fd);
}

static void reaches_all(void)
{
	struct genl_reply reply, event;

	note_all();
	trigger(0);
	tap_is(followers(), BOXES, "a trigger in the initial namespace reaches all domains");
	one_event_each(&system_events, (uint32_t)own_namespace());
	note_all();
	pause_ms(100); /* the worker tells listeners of these incarnations */
	must(genl_ask(&requests, SYSGENID_CMD_TRIGGER, NULL, &reply) == 0 && !reply.error);
	tap_is(all_reseeded(), BOXES,
	       "one by netlink is answered when the generator has been reseeded for all of them");
	tap_is(reply.values.value[SYSGENID_A_DOMAIN], own_namespace(), "it says which one it was");
	tap_is(followers(), BOXES, "and reaches all domains");
	note_all();
	bump_in_kernel();
	tap_is(followers(), BOXES, "one by kernel code reaches all domains");
	while (genl_event(&system_events, &event, MSG_DONTWAIT) == 0)
		;
	tap_is(genl_event(&domain_events, &event, MSG_DONTWAIT), -EAGAIN,
	       "domains that were reached have no events of their own");
}

static int trigger_file(long fd)
{
	return ioctl((int)fd, SYSGENID_TRIGGER_GEN_UPDATE, 0) ? errno : 0;
}

static void reaches_one(struct box *box)
{
	struct genl_reply event;
	int undisturbed = 0;
	uint32_t before = generation(), reseeded = shared_page->rng_generation;
	int fd = device_open(O_RDONLY);

	note_all();
	tap_is(trigger_file(box->fd), 0, "the host's root triggers with a container's file");
	tap_ok(box_followed(box), "which moves the container's generation, and wakes it");
	one_event_each(&domain_events, box->domain);
	tap_is(genl_event(&system_events, &event, MSG_DONTWAIT), -EAGAIN,
	       "it is no event of the system's");
	for (struct box *other = boxes; other < boxes + BOXES; other++)
		undisturbed += other != box && box_undisturbed(other);
	tap_is(undisturbed, BOXES - 1,
	       "the %d others were not woken, and have the same numbers in page, poll and fdinfo",
	       BOXES - 1);
	tap_ok(generation() == before && highest() == before && !outdated(fd) &&
		       shared_page->rng_generation == reseeded,
	       "nor has anything changed for the initial namespace");
	device_close(fd);
}

static int listen_to_domains(long unused)
{
	struct genl own;
	int ret;

	(void)unused;
	if (genl_open(&own))
		return 254;
	ret = -genl_subscribe_domains(&own, 4096);
	genl_close(&own);
	return ret;
}

static int listen_inside(long unused)
{
	int fd = device_open(O_RDONLY);
	struct genl own;
	struct genl_reply event;

	(void)unused;
	if (genl_open(&own) || genl_subscribe(&own, 4096) || genl_subscribe_domains(&own, 4096))
		return 254;
	if (trigger_file(fd))
		return 253;
	return -genl_event(&own, &event, MSG_DONTWAIT);
}

static void listeners(void)
{
	struct genl_reply event;

	tap_is(as_user(listen_to_domains, 0), EPERM, "a user cannot listen to containers' events");
	tap_is(in_pid_namespace(CLONE_NEWUSER, listen_to_domains, 0), EPERM,
	       "nor can a container's root in the host's network namespace");
	tap_is(in_pid_namespace(CLONE_NEWUSER | CLONE_NEWNET, listen_inside, 0), EAGAIN,
	       "in a network namespace of its own it hears nothing, not even of its own");
	while (genl_event(&domain_events, &event, MSG_DONTWAIT) == 0)
		;
}

/* The namespace is gone, its file is still open here. */
static void survivor(struct box *box)
{
	long count = sysfs_number("domains");

	box_note(box);
	box_kill(box);
	tap_is(fdinfo_number(box->fd, "sysgenid-generation"), box->generation,
	       "a file outlives its PID namespace");
	must(trigger_file(box->fd) == 0);
	tap_is(box_generation(box), box->generation + 1, "it can be triggered");
	tap_ok(outdated(box->fd), "and polled");
	trigger(0);
	tap_is(box_generation_after(box, box->generation + 1), box->generation + 2,
	       "and the system's events reach it");
	tap_is(sysfs_number("domains"), count, "so its domain is there");
	close(box->namespace);
	close(box->fd);
	tap_is(sysfs_number("domains"), count, "as long as there is a mapping");
	tap_is(box->page->magic, SYSGENID_PAGE_MAGIC, "that can be read");
	trigger(0);
	tap_is(box_generation_after(box, box->generation + 2), box->generation + 3, "and follows");
	box->namespace = open("/dev/null", O_RDONLY | O_CLOEXEC);
	box->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	box_close(box);
	tap_is(sysfs_number("domains"), count - 1, "then it goes");
}

static bool domains_are(long count)
{
	long long end = now_ms() + 20000;

	while (sysfs_number("domains") != count) {
		if (now_ms() > end)
			return false;
		pause_ms(1);
	}
	return true;
}

static uint32_t begins_at(void)
{
	int fd = open_in_new_domain();
	uint32_t first;

	must(fd >= 0);
	first = fdinfo_number(fd, "sysgenid-generation");
	must(close(fd) == 0);
	return first;
}

/* The process closes the file, forgets what it showed, and opens it again. */
static void after_a_device(void)
{
	uint32_t skipped = generation(), first;

	trigger(skipped + 100);
	store_word(skipped + 50);
	first = begins_at();
	tap_is(begins_at(), first, "a domain that begins takes no number");
	store_word(skipped + 40);
	tap_ok(begins_at() > first,
	       "but one that begins after a device has moved the system's word down begins higher");
	trigger(0);
}

static void memory(const char *cgroup)
{
	static int kept[KEPT];
	uint32_t before = highest();
	long empty, full, failed = 0, count = sysfs_number("domains");
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = fopen(path, "we");
	must(file && fprintf(file, "%d\n", getpid()) > 0 && fclose(file) == 0);
	empty = cgroup_charge(cgroup);
	for (int i = 0; i < KEPT; i++) {
		kept[i] = open_in_new_domain();
		must(kept[i] >= 0);
	}
	full = cgroup_charge(cgroup);
	tap_diag("%d domains: %ld bytes charged", KEPT, full - empty);
	tap_ok(full - empty >= KEPT * PAGE,
	       "the page of a domain is charged to the memory cgroup of who opens it");
	for (int i = 0; i < KEPT; i++)
		close(kept[i]);
	tap_ok(domains_are(count), "no domain is left when their files are closed");
	empty = cgroup_charge(cgroup);
	for (int i = 0; i < LOOPS; i++) {
		int fd = open_in_new_domain();

		failed += fd < 0;
		close(fd);
	}
	tap_is(failed, 0, "%d PID namespaces open the device and go", LOOPS);
	tap_ok(domains_are(count), "no domain is left of them");
	full = cgroup_charge(cgroup);
	tap_diag("%ld bytes more are charged after %d domains", full - empty, LOOPS);
	tap_ok(full - empty < LOOPS * PAGE / 4, "nor their memory");
	tap_is(highest(), before, "and the system's highest number is what it was");
}

static void churn(void)
{
	for (;;) {
		int fds[10];

		for (int i = 0; i < 10; i++)
			fds[i] = open_in_new_domain();
		for (int i = 0; i < 10; i++) {
			must(fds[i] >= 0);
			trigger_file(fds[i]);
			close(fds[i]);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "churn") == 0)
		churn();
	if (argc == 3 && (strcmp(argv[1], "hold") == 0 || strcmp(argv[1], "busy") == 0 ||
			  strcmp(argv[1], "foreign") == 0))
		return domains_hold(atoi(argv[2]), argv[1][0] == 'b', argv[1][0] == 'f');
	if (argc != 3 || strcmp(argv[1], "all") != 0)
		tap_bail("usage: domains all CGROUP | churn | hold|busy|foreign NUMBER");
	time_limit(LIMIT_SECONDS);
	device_setup();
	must(genl_open(&requests) == 0 && genl_open(&system_events) == 0 &&
	     genl_open(&domain_events) == 0);
	trigger(0);
	must(genl_subscribe(&system_events, LARGE) == 0 &&
	     genl_subscribe_domains(&domain_events, LARGE) == 0);
	start_boxes();
	domains_rights(&boxes[0]);
	listeners();
	reaches_all();
	reaches_one(&boxes[BOXES / 2]);
	domains_by_netlink(&boxes[0], boxes + 1, BOXES - 1, &domain_events);
	survivor(&boxes[BOXES - 1]);
	for (int i = 0; i < BOXES - 1; i++) {
		box_kill(&boxes[i]);
		box_close(&boxes[i]);
	}
	tap_ok(domains_are(0), "no domain is left when all are gone");
	after_a_device();
	domains_flood();
	memory(argv[2]);
	return tap_done();
}
