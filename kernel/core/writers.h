/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_WRITERS_H
#define SYSGENID_WRITERS_H

#include <linux/types.h>

struct sysgenid_counter;
struct sysgenid_writer;

void sysgenid_writers_stop(void);
bool sysgenid_slots_rewrite(struct sysgenid_counter *counter);
bool sysgenid_settled_by_device(struct sysgenid_counter *counter, u32 *generation);
void sysgenid_writers_fence(void);
void sysgenid_writers_harvest(void);
unsigned int sysgenid_writers_room(void);
void sysgenid_writers_cover(struct sysgenid_counter *counter);
void sysgenid_writer_cover(struct sysgenid_writer *writer, struct sysgenid_counter *counter);

#endif /* SYSGENID_WRITERS_H */
