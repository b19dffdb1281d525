// SPDX-License-Identifier: GPL-2.0-only
/* Sleeping, with threads and signals. */
#define _GNU_SOURCE
#include "lib-guest.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define RACES 300

struct waiter {
	struct sysgenid *id;
	uint32_t seen;
	int timeout_ms;
	int result;
	int64_t cpu_us;	   /* what the wait took of processor time */
	atomic_int thread; /* its ID as soon as it is about to wait */
	atomic_int done;
};

static void *wait_thread(void *argument)
{
	struct waiter *waiter = argument;

	atomic_store(&waiter->thread, gettid());
	waiter->result = sysgenid_wait(waiter->id, waiter->seen, waiter->timeout_ms);
	atomic_store(&waiter->done, 1);
	return NULL;
}

/* The kernel names the system call in which a thread is blocked. */
static bool is_blocked_in(pid_t thread, long call)
{
	char path[64], line[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", thread);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return line[0] >= '0' && line[0] <= '9' && strtol(line, NULL, 10) == call;
}

void await_blocked(pid_t thread, long call)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (!is_blocked_in(thread, call)) {
		must(now_ms() < end);
		sched_yield();
	}
}

static void await_begun(struct waiter *waiter)
{
	int64_t end = now_ms() + PATIENCE_MS;

	while (!atomic_load(&waiter->thread)) {
		must(now_ms() < end);
		sched_yield();
	}
}

static void await_asleep(struct waiter *waiter)
{
	await_begun(waiter);
	await_blocked(atomic_load(&waiter->thread), SYS_ppoll);
}

static pthread_t signal_sender;
static atomic_int stop_sending;

static void on_signal(int number)
{
	(void)number;
}

static void *send_signals(void *target)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (!atomic_load(&stop_sending)) {
		pthread_kill(*(pthread_t *)target, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

void start_signals(pthread_t target)
{
	static pthread_t stored_target; /* outlives this call */
	const struct sigaction action = { .sa_handler = on_signal };

	must(!sigaction(SIGUSR1, &action, NULL));
	stored_target = target;
	atomic_store(&stop_sending, 0);
	start_thread(&signal_sender, send_signals, &stored_target);
}

void stop_signals(void)
{
	atomic_store(&stop_sending, 1);
	must(!pthread_join(signal_sender, NULL));
}

static void test_simple(struct sysgenid *id)
{
	struct waiter waiter = { .id = id, .seen = sysgenid_generation(id), .timeout_ms = -1 };
	int64_t start = now_ms();
	pthread_t thread;

	is_int(sysgenid_wait(id, waiter.seen, 100), -ETIME, "a wait without a change ends: ETIME");
	ok(now_ms() - start >= 99, "not before its time");
	start_thread(&thread, wait_thread, &waiter);
	await_asleep(&waiter);
	trigger();
	must(!pthread_join(thread, NULL));
	is_int(waiter.result, 0, "a thread that sleeps is woken by a change");
	is_int(sysgenid_wait(id, waiter.seen, -1), 0, "a change of the past ends the wait at once");
	start_signals(pthread_self());
	is_int(sysgenid_wait(id, sysgenid_generation(id), PATIENCE_MS), -EINTR,
	       "a signal ends the wait: EINTR");
	is_int(sysgenid_wait(id, waiter.seen, PATIENCE_MS), 0, "but not one that is over");
	stop_signals();
}

/* Returns how often a thread has gone to sleep. */
static long count_sleeps(pid_t thread)
{
	char path[64], line[128];
	long count = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", thread);
	file = fopen(path, "re");
	must(file);
	while (count < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %ld", &count);
	fclose(file);
	must(count >= 0);
	return count;
}

/* Is a thread that has fallen asleep still in the same sleep, whenever one looks? */
static bool sleeps_on(pid_t thread)
{
	const long before = count_sleeps(thread);
	const int64_t end = now_ms() + 100;

	do {
		if (!is_blocked_in(thread, SYS_ppoll))
			return false;
	} while (now_ms() < end);
	return count_sleeps(thread) == before;
}

static void test_no_spin(struct sysgenid *id, const char *waits, const char *woken)
{
	struct waiter waiter = { .id = id, .seen = sysgenid_generation(id), .timeout_ms = -1 };
	pthread_t thread;

	must(is_readable(id->fd));
	is_int(sysgenid_wait(id, waiter.seen, 20), -ETIME, waits);
	start_thread(&thread, wait_thread, &waiter);
	await_asleep(&waiter);
	ok(sleeps_on(atomic_load(&waiter.thread)), "it sleeps, and does not spin");
	ok(is_readable(id->fd), "and acknowledges nothing for the handle");
	trigger_fast(id);
	must(!pthread_join(thread, NULL));
	is_int(waiter.result, 0, woken);
}

/* The handle is outdated, or was forced to be, while the word is what the caller knows. */
static void test_outdated(struct sysgenid *id)
{
	trigger();
	test_no_spin(id, "an outdated handle can wait for the next change", "which wakes it");
	must(sysgenid_acknowledge(id, sysgenid_generation(id)) == 0);
	must(ioctl(id->fd, SYSGENID_MARK_OUTDATED, 0UL) == 0);
	test_no_spin(id, "a handle marked outdated can wait, too", "and is woken");
	must(sysgenid_acknowledge(id, sysgenid_generation(id)) == 0);
}

static void test_several(struct sysgenid *id)
{
	struct waiter old = { .id = id, .seen = sysgenid_generation(id), .timeout_ms = -1 };
	struct waiter new = { .id = id, .timeout_ms = -1 };
	pthread_t old_thread, new_thread;

	new.seen = trigger();
	start_thread(&new_thread, wait_thread, &new);
	start_thread(&old_thread, wait_thread, &old);
	must(!pthread_join(old_thread, NULL));
	await_asleep(&new);
	is_int(old.result, 0, "of two threads the one that knows an older generation returns");
	ok(!atomic_load(&new.done), "while the other sleeps");
	trigger();
	must(!pthread_join(new_thread, NULL));
	is_int(new.result, 0, "until the next change");
}

/* Between the event and the moment in which the sleeper looks again somebody acknowledges for it.
 */
static void test_acknowledge_race(struct sysgenid *id)
{
	struct waiter waiter = { .id = id, .timeout_ms = PATIENCE_MS };
	int failed = 0;
	pthread_t thread;

	for (int i = 0; i < RACES; i++) {
		waiter.seen = sysgenid_generation(id);
		atomic_store(&waiter.thread, 0);
		start_thread(&thread, wait_thread, &waiter);
		if (i % 2)
			await_asleep(&waiter);
		else
			await_begun(&waiter);
		trigger_fast(id);
		must(sysgenid_acknowledge(id, sysgenid_generation(id)) == 0);
		must(!pthread_join(thread, NULL));
		failed += waiter.result != 0;
	}
	is_int(failed, 0, "no wake-up is lost when another thread acknowledges at once");
}

static void test_cancel(struct sysgenid *id)
{
	struct waiter waiter = { .id = id, .seen = sysgenid_generation(id), .timeout_ms = -1 };
	int before = count_descriptors();
	pthread_t thread;
	void *result;

	start_thread(&thread, wait_thread, &waiter);
	await_asleep(&waiter);
	must(!pthread_cancel(thread) && !pthread_join(thread, &result));
	ok(result == PTHREAD_CANCELED, "a thread can be cancelled while it waits");
	is_int(count_descriptors(), before, "and leaves no descriptor behind");
}

static int wait_without_proc(void *id)
{
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!umount2("/proc", MNT_DETACH));
	return sysgenid_wait(id, sysgenid_generation(id), 20) == -ETIME ? 0 : 1;
}

static int wait_in_empty_root(void *id)
{
	char directory[] = "/tmp/lib-guest-XXXXXX";
	uint32_t seen = sysgenid_generation(id);

	must(mkdtemp(directory) && !chroot(directory) && !chdir("/"));
	if (sysgenid_wait(id, seen, 20) != -ENOENT)
		return 1;
	trigger_fast(id);
	return sysgenid_wait(id, seen, 20) == 0 ? 0 : 2;
}

static int wait_with_replaced_file(void *id)
{
	int other = open("/dev/null", O_RDONLY | O_CLOEXEC);

	must(other >= 0 && dup2(other, ((struct sysgenid *)id)->fd) >= 0);
	return sysgenid_wait(id, sysgenid_generation(id), 20) == -ENOTTY ? 0 : 1;
}

static int wait_without_descriptors(void *id)
{
	struct rlimit none;

	must(!getrlimit(RLIMIT_NOFILE, &none));
	none.rlim_cur = 0;
	must(!setrlimit(RLIMIT_NOFILE, &none));
	return sysgenid_wait(id, sysgenid_generation(id), 20) == -EMFILE ? 0 : 1;
}

static void test_surroundings(struct sysgenid *id)
{
	is_int(in_child(wait_without_proc, id), 0, "a wait works without /proc");
	is_int(in_child(wait_in_empty_root, id), 0, "with neither /proc nor device it says ENOENT");
	is_int(in_child(wait_with_replaced_file, id), 0, "a descriptor that was reused is noticed");
	is_int(in_child(wait_without_descriptors, id), 0, "without a free descriptor it is EMFILE");
}

void test_wait(void)
{
	struct sysgenid *id = open_counter();

	test_simple(id);
	test_outdated(id);
	test_several(id);
	test_acknowledge_race(id);
	test_cancel(id);
	test_surroundings(id);
	sysgenid_close(id);
}

/* These two wait until the main thread is blocked in WAIT_WATCHERS. */
static void *acknowledge_thread(void *argument)
{
	struct sysgenid *id = argument;

	await_blocked(getpid(), SYS_ioctl);
	must(sysgenid_acknowledge(id, sysgenid_generation(id)) == 0);
	return NULL;
}

static void *trigger_thread(void *argument)
{
	await_blocked(getpid(), SYS_ioctl);
	trigger_fast(argument);
	return NULL;
}

void test_wait_watchers(void)
{
	struct sysgenid *id = open_counter(), *watcher = open_counter();
	pthread_t thread;
	int64_t start;

	is_int(sysgenid_wait_watchers(id, 0), 0, "without watchers there is nothing to wait for");
	must(sysgenid_track(watcher, true) == 0);
	is_int(sysgenid_wait_watchers(id, 0), 0, "nor while they are up to date");
	trigger();
	is_int(sysgenid_wait_watchers(id, 0), -EINTR, "a handle that is outdated itself: EINTR");
	must(sysgenid_acknowledge(id, sysgenid_generation(id)) == 0);
	start = now_ms();
	is_int(sysgenid_wait_watchers(id, 100), -ETIME, "a watcher that lags: ETIME");
	ok(now_ms() - start >= 99, "not before the time is over");
	start_signals(pthread_self());
	is_int(sysgenid_wait_watchers(id, PATIENCE_MS), -EINTR, "a signal ends the wait: EINTR");
	stop_signals();
	start_thread(&thread, trigger_thread, id);
	is_int(sysgenid_wait_watchers(id, PATIENCE_MS), -EINTR, "a new generation ends it: EINTR");
	must(!pthread_join(thread, NULL));
	must(sysgenid_acknowledge(id, sysgenid_generation(id)) == 0);
	start_thread(&thread, acknowledge_thread, watcher);
	is_int(sysgenid_wait_watchers(id, PATIENCE_MS), 0, "the last acknowledgement ends it: 0");
	must(!pthread_join(thread, NULL));
	trigger();
	sysgenid_close(watcher);
	must(sysgenid_acknowledge(id, sysgenid_generation(id)) == 0);
	is_int(sysgenid_wait_watchers(id, 0), 0, "a watcher that is closed is not waited for");
	sysgenid_close(id);
}
