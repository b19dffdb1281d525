/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_RESEED_H
#define SYSGENID_RESEED_H

#include <linux/types.h>

struct sysgenid_counter;

enum sysgenid_reseed_when {
	SYSGENID_RESEED_NOW,
	SYSGENID_RESEED_LATER, /* for what users can cause as often as they like */
};

/* Reseeds of the kernel's generator that were tried, those that failed, and the time of all. */
struct sysgenid_reseed_stats {
	u64 tries;
	u64 failures;
	u64 ns;
};

/* @identified: called when a counter has a new incarnation, with no lock held. */
void sysgenid_reseeds_start(void (*identified)(struct sysgenid_counter *counter));

void sysgenid_reseed_init(struct sysgenid_counter *system);
void sysgenid_reseed_start(enum sysgenid_reseed_when when);
int sysgenid_reseed_wait(void);
bool sysgenid_reseed_fails(void);
void sysgenid_reseed_adopt(struct sysgenid_counter *domain);
void sysgenid_reseed_stats(struct sysgenid_reseed_stats *stats);
void sysgenid_reseed_stop(void);

#endif /* SYSGENID_RESEED_H */
