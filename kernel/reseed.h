/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SYSGENID_RESEED_H
#define SYSGENID_RESEED_H

struct sysgenid_counter;

void sysgenid_reseed_init(struct sysgenid_counter *counter);
void sysgenid_reseed_start(struct sysgenid_counter *counter);
int sysgenid_reseed_wait(struct sysgenid_counter *counter);
void sysgenid_reseed_stop(struct sysgenid_counter *counter);

#endif /* SYSGENID_RESEED_H */
