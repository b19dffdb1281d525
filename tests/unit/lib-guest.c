// SPDX-License-Identifier: GPL-2.0-only
/* libsysgenid with the kernel module loaded. To be run as root in a test VM: it moves the counter.
 */
#include "lib-guest.h"

#include <fcntl.h>
#include <sys/ioctl.h>

struct sysgenid *open_counter(void)
{
	struct sysgenid *id;

	must(sysgenid_open(&id, NULL, 0) == 0);
	return id;
}

uint32_t trigger(void)
{
	uint32_t generation;

	must(sysgenid_trigger(0, 0, &generation, NULL) == 0);
	return generation;
}

/* Triggers without a reseed, for many triggers in a row. */
void trigger_fast(const struct sysgenid *id)
{
	must(ioctl(id->fd, SYSGENID_TRIGGER_GEN_UPDATE, 0UL) == 0);
}

struct sysgenid_status get_status(void)
{
	struct sysgenid_status status;

	must(sysgenid_get_status(&status, NULL) == 0);
	return status;
}

bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & POLLIN;
}

void start_thread(pthread_t *thread, void *(*work)(void *), void *argument)
{
	must(!pthread_create(thread, NULL, work, argument));
}

static void test_open(void)
{
	struct sysgenid *id, *mapped;
	uint32_t before;
	int flags;

	is_int(sysgenid_open(&id, NULL, 0), 0, "the counter can be opened");
	flags = fcntl(id->fd, F_GETFL);
	is_int(flags & O_ACCMODE, O_RDWR, "for reading and writing");
	ok(flags & O_NONBLOCK, "non-blocking");
	ok(fcntl(id->fd, F_GETFD) & FD_CLOEXEC, "close-on-exec");
	is_int(id->page->magic, SYSGENID_PAGE_MAGIC, "and is mapped");
	is_int(sysgenid_open(&mapped, NULL, SYSGENID_OPEN_MAP_ONLY), 0, "it can be mapped only");
	is_int(mapped->fd, -1, "then no file is kept");
	before = sysgenid_generation(mapped);
	trigger_fast(id);
	ok(sysgenid_generation(mapped) != before, "and the mapping shows a change");
	is_int(sysgenid_generation(mapped), sysgenid_generation(id), "the same as any other");
	is_int(sysgenid_acknowledge(mapped, before), -EBADF, "it cannot acknowledge: EBADF");
	is_int(sysgenid_wait(mapped, before, 0), -EBADF, "nor wait: EBADF");
	sysgenid_close(mapped);
	sysgenid_close(id);
}

static void test_trigger(void)
{
	struct sysgenid *id = open_counter();
	uint32_t seen = sysgenid_generation(id), before = seen, generation = 0;
	struct sysgenid_status status;
	struct sysgenid_error error;

	is_int(sysgenid_trigger(0, 0, &generation, &error), 0, "a trigger succeeds");
	is_string(error.text, "", "without words of the kernel");
	ok(generation > before, "the generation grows");
	is_int(sysgenid_generation(id), generation, "the answer is what the page shows");
	ok(sysgenid_rng_reseeded(id), "when it is answered the RNG has been reseeded");
	ok(sysgenid_changed(id, &seen) && seen == generation, "the change is told");
	ok(!sysgenid_changed(id, &seen), "once");
	status = get_status();
	is_int(status.generation, generation, "the status has the generation");
	ok(status.highest >= generation, "the highest number is not below it");
	is_string(sysgenid_cause_name(status.cause), "admin", "the cause is admin");
	is_int(status.minor, SYSGENID_MINOR, "the minor is the fixed one");
	is_int(sysgenid_trigger(0, SYSGENID_TRIGGER_RESTORE, NULL, NULL), 0,
	       "a restore can be told without asking for the generation");
	is_string(sysgenid_cause_name(get_status().cause), "restore", "then the cause is restore");
	trigger_fast(id);
	is_string(sysgenid_cause_name(get_status().cause), "ioctl", "by the device it is ioctl");
	sysgenid_close(id);
}

static void test_min(void)
{
	struct sysgenid *id = open_counter();
	uint32_t before = sysgenid_generation(id), generation;
	struct sysgenid_error error;

	is_int(sysgenid_trigger(before + 1000, 0, &generation, NULL), 0, "a minimum is followed");
	ok(generation >= before + 1000, "the generation is at least that");
	before = generation;
	is_int(sysgenid_trigger(1, 0, &generation, NULL), 0, "a minimum below the current is fine");
	ok(generation > before, "the generation grows all the same");
	before = generation;
	is_int(sysgenid_trigger(before + SYSGENID_MAX_JUMP + 1, 0, &generation, &error), -ERANGE,
	       "a jump that is too far gives ERANGE");
	ok(error.text[0], "with the kernel's words");
	is_int(sysgenid_generation(id), before, "and nothing moves");
	is_int(sysgenid_trigger(before + SYSGENID_MAX_JUMP + 1, SYSGENID_TRIGGER_FORCE, &generation,
				NULL),
	       0, "it can be forced");
	ok(generation >= before + SYSGENID_MAX_JUMP + 1, "and then moves");
	sysgenid_close(id);
}

static void test_acknowledge(void)
{
	struct sysgenid *id = open_counter();
	uint32_t before = sysgenid_generation(id), now;

	ok(!is_readable(id->fd), "a new handle is up to date");
	now = trigger();
	ok(is_readable(id->fd), "a trigger makes it outdated, and its file readable");
	is_int(sysgenid_acknowledge(id, before), -ESTALE, "an old generation gives ESTALE");
	ok(is_readable(id->fd), "and acknowledges nothing");
	is_int(sysgenid_acknowledge(id, now), 0, "the current one can be acknowledged");
	ok(!is_readable(id->fd), "then the file is up to date");
	sysgenid_close(id);
}

static void test_track(void)
{
	struct sysgenid *id = open_counter();
	uint32_t now;

	is_int(get_status().watchers, 0, "nobody is tracked at first");
	is_int(sysgenid_track(id, true), 0, "a handle can be tracked");
	is_int(get_status().watchers, 1, "and is counted");
	is_int(sysgenid_track(id, true), 0, "twice is allowed");
	is_int(get_status().watchers, 1, "and is once");
	is_int(get_status().outdated, 0, "it is up to date");
	now = trigger();
	is_int(get_status().outdated, 1, "a trigger makes it outdated");
	must(sysgenid_acknowledge(id, now) == 0);
	is_int(get_status().outdated, 0, "until it acknowledges");
	is_int(sysgenid_track(id, false), 0, "tracking can be ended");
	is_int(get_status().watchers, 0, "then it is not counted");
	must(sysgenid_track(id, true) == 0);
	sysgenid_close(id);
	is_int(get_status().watchers, 0, "closing ends it, too");
}

int main(void)
{
	int before;

	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(110); /* the bench's limit is 120 s; say where it hung */
	before = count_descriptors();
	test_open();
	test_trigger();
	test_min();
	test_acknowledge();
	test_track();
	test_wait();
	test_wait_watchers();
	test_fork();
	test_privileges();
	test_domains();
	test_events();
	test_settled();
	test_domain_events();
	is_int(count_descriptors(), before, "no descriptor is left behind");
	is_int(get_status().watchers, 0, "no watcher is left behind");
	return tap_done();
}
