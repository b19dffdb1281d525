// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sleeping: until the generation changes, and until all watchers have acknowledged it. */
#include "handle.h"

#include <errno.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <time.h>

#include <cleanup.h>

#include "deadline.h"

#define FIRST_PAUSE_NS 1000000LL
#define LONGEST_PAUSE_NS 20000000LL

static void close_file(void *fd)
{
	sysgenid_cleanup_close(fd);
}

/*
 * One sleep on a file of its own. The handle's own file will not do: poll() looks at what that
 * file has acknowledged. When it is outdated already, poll() would not sleep at all; and when
 * another thread or process acknowledges the new generation between an event and the moment in
 * which this thread, woken by it, looks again, poll() would go on sleeping.
 *
 * The new file has acknowledged what is current when it is opened. Together with the comparison
 * *after* that no change is missed: one before the comparison is seen by it, a later one
 * makes the file outdated.
 */
static int sleep_once(const struct sysgenid *handle, uint32_t seen,
		      const struct sysgenid_deadline *deadline)
{
	int fd = sysgenid_reopen(handle);
	int ret = 0;

	if (fd < 0)
		return fd;
	/*
	 * Cleanup attributes do not run if the thread is cancelled in its sleep. This handler does.
	 */
	pthread_cleanup_push(close_file, &fd);
	if (sysgenid_generation(handle) == seen)
		ret = sysgenid_poll(fd, deadline);
	pthread_cleanup_pop(1);
	return ret;
}

/* Nothing wakes a thread that waits for a counter file, so poll it, less and less often. */
static int wait_for_file(const struct sysgenid *handle, uint32_t seen, int timeout_ms)
{
	const int64_t limit = timeout_ms * 1000000LL;
	int64_t pause = FIRST_PAUSE_NS, waited = 0;

	for (;;) {
		struct timespec nap = { .tv_nsec = pause };

		if (sysgenid_generation(handle) != seen)
			return 0;
		if (limit >= 0 && waited >= limit)
			return -ETIME;
		if (limit >= 0 && pause > limit - waited)
			nap.tv_nsec = limit - waited;
		if (nanosleep(&nap, NULL) < 0)
			return sysgenid_generation(handle) != seen ? 0 : -errno;
		/* Count the naps, since the clock may jump in a restored process. */
		waited += nap.tv_nsec;
		pause = 2 * pause < LONGEST_PAUSE_NS ? 2 * pause : LONGEST_PAUSE_NS;
	}
}

int sysgenid_wait(struct sysgenid *handle, uint32_t seen, int timeout_ms)
{
	const struct sysgenid_deadline deadline = sysgenid_deadline_in(timeout_ms);
	int ret = timeout_ms ? 0 : -ETIME;

	if (handle->fd == SYSGENID_FD_FILE)
		return wait_for_file(handle, seen, timeout_ms);
	if (handle->fd < 0)
		return -EBADF;
	for (;;) {
		/*
		 * The word decides, also after an error: a process that was restored leaves poll()
		 * with EINTR, and the generation has changed.
		 */
		if (sysgenid_generation(handle) != seen)
			return 0;
		if (ret < 0)
			return ret;
		/*
		 * A file that was marked outdated from outside while the word is still @seen
		 * makes poll() return at once, once: the next file is a fresh one.
		 */
		ret = sleep_once(handle, seen, &deadline);
	}
}

int sysgenid_wait_watchers(struct sysgenid *handle, unsigned int timeout_ms)
{
	unsigned long argument = timeout_ms;

	if (handle->fd == SYSGENID_FD_FILE)
		return -EOPNOTSUPP;
	return ioctl(handle->fd, SYSGENID_WAIT_WATCHERS, argument) < 0 ? -errno : 0;
}
