/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that no clone of this process has. They come from the kernel, not from libc. */
#ifndef SYSGENID_RENEW_BYTES_H
#define SYSGENID_RENEW_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What is fed into a generator to renew it. */
struct renew_bytes {
	/*
	 * From the system call, since libc's getrandom may keep a state in this process, and a
	 * clone has a copy of that.
	 */
	unsigned char kernel[48];
	/* Not secret. They differ between clones even if the kernel gave both the same bytes. */
	struct timespec real, monotonic;
	uint32_t generation;
	uint32_t unused;
};

/*
 * Fills all of @to. It asks getrandom by system call; where that is forbidden it reads
 * /dev/urandom. False: neither works, and @to must not be used. Keeps errno. No point of
 * cancellation.
 */
bool renew_kernel_bytes(void *to, size_t size);

/* Returns false if the kernel gave no bytes: then do not use the rest to renew anything. */
bool renew_bytes_draw(struct renew_bytes *bytes, uint32_t generation);

#endif /* SYSGENID_RENEW_BYTES_H */
