/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view of a domain: a page that looks like a hypervisor's VMClock page, whose generation counter
 * is the domain's generation. It is made when somebody first opens the view.
 */
#ifndef SYSGENID_VIEW_H
#define SYSGENID_VIEW_H

#include <linux/types.h>

struct page;
struct sysgenid_counter;

/* Returns 0 or -ENOMEM. */
int sysgenid_view_make(struct sysgenid_counter *counter);
/* When nobody uses the counter. */
void sysgenid_view_drop(struct sysgenid_counter *counter);

/* The generation may have moved. Caller holds ->lock. */
void sysgenid_view_update(struct sysgenid_counter *counter);

struct page *sysgenid_view_page(struct sysgenid_counter *counter);

/* What the page says of a generation. @page: PAGE_SIZE zeros. Returns its seq_count. */
u32 sysgenid_view_fill(void *page, u32 generation);
u32 sysgenid_view_seq(u32 generation);

#endif /* SYSGENID_VIEW_H */
