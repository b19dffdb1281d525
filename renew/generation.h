/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generation counter as a random generator sees it: the number, and whether the kernel's own
 * generator has followed.
 */
#ifndef SYSGENID_RENEW_GENERATION_H
#define SYSGENID_RENEW_GENERATION_H

#include <libsysgenid.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How long a generator waits for the kernel to reseed its own, which takes well below a
 * millisecond.
 */
#define RENEW_KERNEL_WAIT_MS 1000

struct renew_counter {
	const struct sysgenid_page *page; /* never NULL: without a counter a page of zeros */
	struct sysgenid *handle;	  /* NULL: there is no counter */
	int error;			  /* why there is none: -errno */
	/*
	 * A wait for the kernel has reached its time limit: nobody waits again until the kernel has
	 * caught up. Relaxed: a thread that reads an old value waits once more, or once less.
	 */
	atomic_bool kernel_late;
};

/* Never fails: without a counter @error says why. Keeps no descriptor. Keeps errno. */
void renew_counter_open(struct renew_counter *counter);
void renew_counter_close(struct renew_counter *counter);

/* The one load that each call pays. 0 without a counter. */
static inline uint32_t renew_generation(const struct renew_counter *counter)
{
	return __atomic_load_n(&counter->page->generation, __ATOMIC_ACQUIRE);
}

/*
 * Is @generation the current one, and does the kernel's generator give bytes that no clone of an
 * earlier generation has? Bytes that were drawn between two answers "yes" for one generation are
 * such bytes. Also "yes" where the kernel does not tell.
 */
bool renew_is_reseeded(const struct renew_counter *counter, uint32_t generation);

/*
 * Takes the current generation, and waits until the kernel's generator is reseeded for it: at most
 * RENEW_KERNEL_WAIT_MS, and not at all if the last wait reached its limit. Returns
 * whether it is reseeded. Keeps errno.
 */
bool renew_wait(struct renew_counter *counter, uint32_t *generation);

#endif /* SYSGENID_RENEW_GENERATION_H */
