/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_NOTIFY_H
#define SYSGENID_NOTIFY_H

#include <linux/notifier.h>
#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct sysgenid_counter;

/* What listeners inside of this module hear of all counters. */
enum sysgenid_notice_type {
	SYSGENID_NOTICE_EVENT,
	SYSGENID_NOTICE_SETTLED,     /* all watchers have acknowledged */
	SYSGENID_NOTICE_INCARNATION, /* the generation has its incarnation */
};

struct sysgenid_notice {
	struct sysgenid_counter *counter;
	u32 generation;
	enum sysgenid_cause cause; /* of an event */
	u32 watchers;		   /* that have acknowledged */
	const u32 *incarnation;
};

/*
 * The action is an enum sysgenid_notice_type, the data a struct sysgenid_notice. Called with the
 * counter's ->events held.
 */
void sysgenid_listen(struct notifier_block *nb);
void sysgenid_unlisten(struct notifier_block *nb);

void sysgenid_notify_settled(struct sysgenid_counter *counter);
void sysgenid_notify_incarnation(struct sysgenid_counter *counter);
void sysgenid_notify(struct sysgenid_counter *counter, u32 generation, enum sysgenid_cause cause);

/* Asks the sources that there are. Sleeps. Returns 0, or an error if the task was killed. */
int sysgenid_sync_source(void);

#endif /* SYSGENID_NOTIFY_H */
