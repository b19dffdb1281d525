/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generation counter, as the generators of this provider look at it. */
#ifndef SYSGENID_PROVIDER_COUNTER_H
#define SYSGENID_PROVIDER_COUNTER_H

#include <libsysgenid.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* How long a generator waits for the kernel's own reseed, which takes well below a millisecond. */
#define SYSGENID_KERNEL_WAIT_MS 1000

struct sysgenid_counter {
	const struct sysgenid_page *page; /* never NULL: without a counter a page of zeros */
	struct sysgenid *handle;	  /* NULL: there is no counter */
	int error;			  /* why there is none: -errno */
	/*
	 * A wait for the kernel was in vain: nobody waits again until it has caught up. Relaxed: who
	 * reads an old value waits once more, or once less.
	 */
	atomic_bool kernel_late;
};

/* What goes into a generator besides the entropy that OpenSSL gets itself. */
struct sysgenid_fresh {
	/*
	 * From the system call and not from libc, whose getrandom may keep a state in this very
	 * process. All zero if the call is forbidden here.
	 */
	unsigned char kernel[48];
	/* No secrets, but a difference between clones even if the kernel's bytes were the same. */
	struct timespec real, monotonic;
	uint32_t generation;
	uint32_t unused;
};

/* Never fails: without a counter @error says why. */
void sysgenid_counter_open(struct sysgenid_counter *counter);
void sysgenid_counter_close(struct sysgenid_counter *counter);

/* The one load that each call pays. */
static inline uint32_t sysgenid_counter_now(const struct sysgenid_counter *counter)
{
	return __atomic_load_n(&counter->page->generation, __ATOMIC_ACQUIRE);
}

/*
 * Does the kernel's generator give bytes that no clone of an earlier generation has? Bytes drawn between two
 * answers "yes" for the same generation are such bytes. Where the kernel does not tell: "yes".
 */
bool sysgenid_counter_settled(const struct sysgenid_counter *counter, uint32_t generation);

/*
 * Takes the generation of now, and waits for the kernel to be settled for it; at most
 * SYSGENID_KERNEL_WAIT_MS, and not at all if that was in vain the last time. Returns whether it is settled.
 */
bool sysgenid_counter_wait(struct sysgenid_counter *counter, uint32_t *generation);

void sysgenid_counter_fresh(struct sysgenid_fresh *fresh, uint32_t generation);

#endif /* SYSGENID_PROVIDER_COUNTER_H */
