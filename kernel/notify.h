/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_NOTIFY_H
#define SYSGENID_NOTIFY_H

#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct sysgenid_counter;

void sysgenid_notify_settled(struct work_struct *work);
void sysgenid_notify(struct sysgenid_counter *counter, u32 generation, enum sysgenid_cause cause);

/* Ask the source that can be asked. Sleeps. */
void sysgenid_look(void);

#endif /* SYSGENID_NOTIFY_H */
