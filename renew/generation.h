/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generation counter as a random generator sees it: the number, and whether the kernel and the
 * kernel's own generator have followed the hypervisor.
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
	/*
	 * A copy of what is in @handle, so that a call has fewer loads. The page is never NULL:
	 * without a counter it is one of zeros.
	 */
	struct sysgenid mapped;
	struct sysgenid *handle; /* NULL: there is no counter */
	int error;		 /* why there is none: -errno */
	/*
	 * A wait for the kernel has reached its time limit: nobody waits again until the kernel has
	 * caught up. Relaxed: a thread that reads an old value waits once more, or once less.
	 */
	atomic_bool kernel_late;
};

/* Never fails: without a counter @error says why. Keeps no descriptor. Keeps errno. */
void renew_counter_open(struct renew_counter *counter);
void renew_counter_close(struct renew_counter *counter);

/*
 * Is the generation @generation? Also "no" while the hypervisor has moved its VMClock counter and
 * the kernel has not followed: the machine was restored, and the word is an old one. This is what
 * each call pays: three loads, and two more where there is a VMClock. No system call.
 */
static inline bool renew_is_current(const struct sysgenid *mapped, uint64_t generation)
{
	/* First the counters, then the word: the kernel stores them the other way round. */
	return !__builtin_expect(sysgenid_is_behind(mapped), 0) &&
	       __atomic_load_n(&mapped->page->generation, __ATOMIC_ACQUIRE) == generation;
}

/* The word, also while it is an old one. 0 without a counter. */
static inline uint32_t renew_generation(const struct renew_counter *counter)
{
	return __atomic_load_n(&counter->mapped.page->generation, __ATOMIC_ACQUIRE);
}

/*
 * Is @generation the current one, and does the kernel's generator give bytes that no clone of an
 * earlier generation has? Bytes that were drawn between two answers "yes" for one generation are
 * such bytes. Also "yes" where the kernel does not tell.
 */
bool renew_is_reseeded(const struct renew_counter *counter, uint32_t generation);

/*
 * Takes the current generation, and waits until the kernel's generator is reseeded for it: at most
 * RENEW_KERNEL_WAIT_MS, and not at all if the last wait reached its limit. Where the word is behind
 * the hypervisor it has the kernel look, in any case once. Returns whether the kernel's generator
 * is reseeded. Keeps errno. No point of cancellation.
 */
bool renew_wait(struct renew_counter *counter, uint32_t *generation);

#endif /* SYSGENID_RENEW_GENERATION_H */
