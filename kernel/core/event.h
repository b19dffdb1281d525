/* SPDX-License-Identifier: GPL-2.0-only */
/* Events: a generation moves, sleepers are woken, listeners are told, the generator is reseeded. */
#ifndef SYSGENID_EVENT_H
#define SYSGENID_EVENT_H

#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct sysgenid_counter;

void sysgenid_events_start(void);
void sysgenid_events_stop(void);

unsigned long sysgenid_event_count(enum sysgenid_cause cause);
/* For what is an event to others, and finds no generation to move. */
void sysgenid_event_count_add(enum sysgenid_cause cause);

int sysgenid_event(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
		   u32 *generation);
int sysgenid_event_soon(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause,
			u32 *generation);

#endif /* SYSGENID_EVENT_H */
