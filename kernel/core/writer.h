/* SPDX-License-Identifier: GPL-2.0-only */
/* Writers: drivers of devices that store the word; and the stores of CPUs. */
#ifndef SYSGENID_CORE_WRITER_H
#define SYSGENID_CORE_WRITER_H

#include <linux/types.h>

#include "counter.h"

struct sysgenid_writer;

void sysgenid_writers_start(struct work_struct *confirm);
void sysgenid_writer_remove(struct sysgenid_writer *writer);

void sysgenid_counter_begin(struct sysgenid_counter *counter, sysgenid_ticket first, u64 vmclock);
/* Caller holds ->events. */
u32 sysgenid_counter_move(struct sysgenid_counter *counter, u32 min, enum sysgenid_cause cause);
bool sysgenid_device_made_event(struct sysgenid_counter *counter, u32 *generation);

void sysgenid_writers_fence(void);
void sysgenid_writers_harvest(void);
unsigned int sysgenid_writers_room(void);
void sysgenid_writers_cover(struct sysgenid_counter *counter);
void sysgenid_writer_cover(struct sysgenid_writer *writer, struct sysgenid_counter *counter);

#endif /* SYSGENID_CORE_WRITER_H */
