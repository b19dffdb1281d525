// SPDX-License-Identifier: LGPL-2.1-or-later
/* The blocking hand-off: one call from before a dump until after the restore. */
#include "control.h"

#include <errno.h>
#include <string.h>

#include <clock.h>
#include <counterfile-page.h>

#define MOST_LOOKS 100
#define NSEC_PER_MSEC 1000000LL

static int look(const struct sysgenid *handle, struct sysgenid_awaited *now)
{
	struct sysgenid_control control;
	int ret;

	if (handle->fd == SYSGENID_FD_FILE) {
		now->restored = counterfile_restored(handle->page, &now->generation);
		return 0;
	}
	ret = sysgenid_control_open(&control, NULL);
	if (ret < 0)
		return ret;
	ret = sysgenid_control_who(&control, now, NULL);
	sysgenid_control_close(&control);
	return ret;
}

/* Milliseconds until @end, but never more than the whole time limit: the clock may jump. */
static int time_left(int64_t end, int timeout_ms)
{
	int64_t left = (end - sysgenid_now_ns()) / NSEC_PER_MSEC;

	if (timeout_ms < 0)
		return -1;
	return left < 0 ? 0 : left > timeout_ms ? timeout_ms : (int)left;
}

static int sleep_until_changed(struct sysgenid *handle, uint32_t seen, int timeout_ms)
{
	const int64_t end = sysgenid_now_ns() + timeout_ms * NSEC_PER_MSEC;
	int ret, left = timeout_ms;

	/* A dump interrupts the sleep as well, and who is dumped and goes on is told nothing. */
	while ((ret = sysgenid_wait(handle, seen, left)) == -EINTR)
		left = time_left(end, timeout_ms);
	return ret;
}

/*
 * What the generation is by now, and its incarnation: none if the generation has not got one in
 * time, if it moves on again and again, or if the handle is of another PID namespace.
 */
static int identify(const struct sysgenid *handle, struct sysgenid_awaited *now)
{
	uint32_t generation;
	int ret;

	for (int i = 0; i < MOST_LOOKS; i++) {
		int known = sysgenid_incarnation(handle, now->incarnation, 0, &generation);

		if (known && known != -EOPNOTSUPP && known != -ETIMEDOUT)
			return known;
		ret = look(handle, now);
		now->has_incarnation = !ret && !known && now->generation == generation;
		/* Otherwise the generation has moved on between the two. */
		if (ret || known || now->has_incarnation)
			return ret;
	}
	return 0;
}

int sysgenid_await(struct sysgenid *handle, struct sysgenid_awaited *awaited, int timeout_ms)
{
	struct sysgenid_awaited now = { 0 };
	uint32_t seen = awaited->generation, restored = awaited->restored;
	int ret = 0;

	if (!seen && !restored) {
		ret = look(handle, &now);
		seen = now.generation;
		restored = now.restored;
	}
	if (!ret)
		ret = sleep_until_changed(handle, seen, timeout_ms);
	if (!ret)
		ret = identify(handle, &now);
	if (ret < 0)
		return ret;
	now.what = now.restored == restored ? SYSGENID_AWAITED_RESUME : SYSGENID_AWAITED_RESTORE;
	*awaited = now;
	return 0;
}
