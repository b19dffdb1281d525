/* SPDX-License-Identifier: GPL-2.0-only */
/* Watchers: open files, what they have acknowledged, and who sleeps on them. */
#ifndef SYSGENID_WATCHER_H
#define SYSGENID_WATCHER_H

#include <linux/types.h>
#include <linux/wait.h>

#include "counter.h"

/* Guarded by the counter's lock. */
struct sysgenid_watcher {
	struct sysgenid_counter *counter; /* constant */
	sysgenid_ticket acknowledged;
	bool forced_outdated; /* outdated whatever it has acknowledged */
	bool tracked;
	fmode_t acknowledges;  /* constant: a file without this mode cannot acknowledge */
	wait_queue_head_t own; /* sleepers on this file, for what concerns it alone */
};

struct sysgenid_summary {
	u32 generation;
	u32 highest;
	u32 watchers;
	u32 outdated;
	enum sysgenid_cause last_cause;
	u32 restored; /* the generation of the last event that was no resume */
	bool exists;
	bool identified; /* @incarnation is that of @generation */
	u32 incarnation[SYSGENID_INCARNATION_WORDS];
};

void sysgenid_watchers_start(work_func_t announce);
void sysgenid_watchers_init(struct sysgenid_counter *counter);
void sysgenid_watchers_flush(struct sysgenid_counter *counter);
void sysgenid_counter_summary(struct sysgenid_counter *counter, struct sysgenid_summary *summary);
void sysgenid_counter_wake(struct sysgenid_counter *counter);

void sysgenid_watcher_init(struct sysgenid_watcher *watcher, struct sysgenid_counter *counter);
bool sysgenid_watcher_outdated(struct sysgenid_watcher *watcher, u32 *generation);
int sysgenid_watcher_acknowledge(struct sysgenid_watcher *watcher, u32 generation);
void sysgenid_watcher_track(struct sysgenid_watcher *watcher, bool on);
void sysgenid_watcher_force_outdated(struct sysgenid_watcher *watcher);
int sysgenid_watcher_wait_outdated(struct sysgenid_watcher *watcher, u32 *generation);
int sysgenid_watcher_wait_settled(struct sysgenid_watcher *watcher, unsigned int timeout_ms);

#endif /* SYSGENID_WATCHER_H */
