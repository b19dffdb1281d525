/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_EVENT_H
#define SYSGENID_EVENT_H

#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct sysgenid_counter;
struct work_struct;

u32 sysgenid_event_system(enum sysgenid_cause cause);
int sysgenid_event(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
		   u32 *generation);
int sysgenid_event_soon(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
			u32 *generation);
void sysgenid_event_reach_domains(enum sysgenid_cause cause);
void sysgenid_event_settle_domains(bool all);
void sysgenid_event_announce(struct work_struct *work);
void sysgenid_events_stop(void);
void sysgenid_events_unlock(struct sysgenid_counter *counter);

#endif /* SYSGENID_EVENT_H */
