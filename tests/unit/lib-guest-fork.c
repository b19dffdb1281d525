// SPDX-License-Identifier: GPL-2.0-only
/* A handle that a child has inherited. */
#define _GNU_SOURCE
#include "lib-guest.h"

static int child_sees_change(void *argument)
{
	struct sysgenid *id = argument;
	uint32_t seen = sysgenid_generation(id);

	trigger_fast(id);
	return sysgenid_changed(id, &seen) && sysgenid_wait(id, seen, 20) == -ETIME ? 0 : 1;
}

static int child_acknowledges(void *argument)
{
	struct sysgenid *id = argument;

	return sysgenid_acknowledge(id, sysgenid_generation(id)) == 0 ? 0 : 1;
}

static int child_has_its_own(void *unused)
{
	struct sysgenid *own = open_counter();
	bool good;

	(void)unused;
	good = !is_readable(own->fd) && sysgenid_track(own, true) == 0;
	sysgenid_close(own);
	return good ? 0 : 1;
}

static int child_closes(void *argument)
{
	sysgenid_close(argument);
	return 0;
}

void test_fork(void)
{
	struct sysgenid *id = open_counter();
	uint32_t seen = sysgenid_generation(id);

	is_int(in_child(child_sees_change, id), 0, "a child's mapping is live, and it can wait");
	ok(sysgenid_changed(id, &seen), "the parent sees what the child saw");
	ok(is_readable(id->fd), "and is outdated");
	is_int(in_child(child_acknowledges, id), 0, "a child can acknowledge");
	ok(!is_readable(id->fd), "which serves the parent, too");
	must(sysgenid_track(id, true) == 0);
	trigger();
	is_int(in_child(child_has_its_own, NULL), 0, "a child's own handle has a state of its own");
	ok(is_readable(id->fd), "which leaves the parent's alone");
	is_int(in_child(child_closes, id), 0, "a child can close what it inherited");
	is_int(get_status().watchers, 1, "and the parent stays tracked");
	is_int(sysgenid_generation(id), get_status().generation, "with a mapping that is live");
	sysgenid_close(id);
}
