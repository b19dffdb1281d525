/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For other kernel code: move the system generation, and be told when it has moved.
 */
#ifndef _SYSGENID_H
#define _SYSGENID_H

#include <linux/notifier.h>
#include <linux/types.h>

#include <uapi/linux/sysgenid.h>

struct page;

/**
 * sysgenid_bump_generation - the system is not what it was: move its generation, and so all
 * @cause: enum sysgenid_cause, for those who listen
 *
 * Returns the new generation, after the word in the page has changed, sleepers were woken and
 * notifiers have run. The reseed of the random number generator goes on in the background. Sleeps:
 * a work item makes the event.
 */
u32 sysgenid_bump_generation(enum sysgenid_cause cause);

/* The current generation, with acquire ordering. Any context. */
u32 sysgenid_generation(void);

/*
 * Be called for every change of the system's generation. What happens in the domain of a container
 * alone is no concern of the kernel's.
 *
 * In process context, one event at a time and in order: action is enum sysgenid_cause, data points
 * to the new generation (u32). The callback may sleep but must not move the generation itself.
 */
int sysgenid_register_notifier(struct notifier_block *nb);
int sysgenid_unregister_notifier(struct notifier_block *nb);

/*
 * For a source that can be asked: @sync is called in each read and poll of the device, before the
 * word is looked at, so that these are right also while the source's own notification is under way.
 *
 * In process context, on several CPUs at once, by tasks without privileges. If the generation has
 * to move, it lets a work item do that and waits, until the task is killed: then it returns an
 * error, else 0. It must not wait for other tasks, which may have lost their processor. There can
 * be one such source, -EBUSY for a second. sysgenid_clear_sync_source() returns when no call is
 * under way.
 */
int sysgenid_set_sync_source(int (*sync)(void));
void sysgenid_clear_sync_source(void);

/*
 * The page that users of the initial PID namespace have mapped (struct sysgenid_page)
 *
 * For devices that write into it. Takes a reference; give it back with put_page() when no device
 * can write any more.
 */
struct page *sysgenid_get_page(void);

#endif /* _SYSGENID_H */
