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

/* The same without the lock. Returns the view's generation. @copy: NULL, or a page of zeros. */
u32 sysgenid_view_sync(struct sysgenid_counter *counter, void *copy);

#endif /* SYSGENID_VIEW_H */
