/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_NOTIFY_H
#define SYSGENID_NOTIFY_H

#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct sysgenid_counter;

void sysgenid_notify(struct sysgenid_counter *counter, u32 generation, enum sysgenid_cause cause);

/* Asks the sources that there are. Sleeps. Returns 0, or an error if the task was killed. */
int sysgenid_sync_source(void);

#endif /* SYSGENID_NOTIFY_H */
