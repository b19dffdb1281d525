/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_WRITERS_H
#define SYSGENID_WRITERS_H

struct sysgenid_counter;

void sysgenid_writers_init(struct sysgenid_counter *counter);
void sysgenid_writers_stop(struct sysgenid_counter *counter);
void sysgenid_slots_rewrite(struct sysgenid_counter *counter);
void sysgenid_writers_fence(struct sysgenid_counter *counter);
void sysgenid_writers_harvest(struct sysgenid_counter *counter);

#endif /* SYSGENID_WRITERS_H */
