// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws random bytes all the time, and says what it drew: programs that were running when the
 * machine was copied, on CPU 0.
 *
 *	drawer plain [MS]    getrandom(2), whatever the generation
 *	drawer safe [MS]     sysgenid_getrandom()
 *
 * Prints "GENERATION HEX NANOSECONDS" for each draw of 8 bytes, unbuffered. The time tells what two
 * copies of the machine have drawn from what they have inherited. Waits MS milliseconds between two
 * draws, or a fifth of one: else it would starve everything else. Without the module (plain only)
 * the generation is 0.
 */
#define _GNU_SOURCE
#include <err.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "libsysgenid.h"

int main(int argc, char **argv)
{
	const struct timespec moment = { .tv_nsec = argc > 2 ? atoi(argv[2]) * 1000000L : 200000 };
	int safe = argc > 1 && !strcmp(argv[1], "safe");
	struct sysgenid *handle;
	struct timespec now;
	uint32_t generation = 0;
	cpu_set_t first;
	uint64_t bytes;
	int ret;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) < 0)
		err(1, "cannot run on CPU 0");
	ret = sysgenid_open(&handle, NULL, SYSGENID_OPEN_MAP_ONLY);
	if (ret < 0 && safe)
		errx(1, "cannot open the counter: %s", strerror(-ret));
	for (;;) {
		if (safe) {
			ret = sysgenid_getrandom(handle, &bytes, sizeof(bytes), 0, &generation);
			if (ret < 0)
				errx(1, "sysgenid_getrandom: %s", strerror(-ret));
		} else {
			if (handle)
				generation = sysgenid_generation(handle);
			if (syscall(SYS_getrandom, &bytes, sizeof(bytes), 0) != sizeof(bytes))
				err(1, "getrandom");
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		dprintf(1, "%" PRIu32 " %016" PRIx64 " %lld%09ld\n", generation, bytes,
			(long long)now.tv_sec, now.tv_nsec);
		nanosleep(&moment, NULL);
	}
}
