// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches the mapped generation word, one thread a CPU, as fast as it can, and logs into memory
 * what it saw: begin, value, end. The host reads the logs from the machine's physical memory, of
 * the frozen original and of its restored copies.
 *
 * A run of observations with the same value is one entry. Observations are numbered, and the number
 * is stored before the load (begun) and after it (done): so the frozen log tells which observation
 * was under way, and no other one of the copy may have the old value.
 *
 * With "read" an observation is a read() of the device, with "library" a sysgenid_generation().
 *
 * usage: observer THREADS [read|library]. Prints "hz HZ" and for each thread "log
 * PHYSICAL-ADDRESS", then watches until killed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <libsysgenid.h>
#include <linux/sysgenid.h>

#define LOG_SIZE 4096
#define ENTRIES 100

struct entry {
	uint64_t value;
	uint64_t last;	/* number of the last observation of this run */
	uint64_t begin; /* time stamp counter before the first */
	uint64_t first; /* and after the first observation */
	uint64_t end;	/* and after the last */
};

struct log {
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
	uint64_t entries; /* how many have been used; later ones overwrite the oldest */
	uint64_t reserved[5];
	struct entry entry[ENTRIES];
};

static const _Atomic uint32_t *generation;
static int reads =
	-1; /* with "read": an fd that is outdated for ever, so that read gives the word at once */
static struct sysgenid *library; /* with "library" */

static void pin(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		err(1, "cannot run on CPU %ld", cpu);
}

static void observe(struct log *log, uint64_t number)
{
	struct entry *entry = &log->entry[(log->entries - 1) % ENTRIES];
	uint64_t begin, end;
	uint32_t value;

	atomic_store(&log->begun, number);
	begin = __rdtsc();
	if (library)
		value = sysgenid_generation(library);
	else if (reads < 0)
		value = atomic_load(generation);
	else if (read(reads, &value, sizeof(value)) != sizeof(value))
		err(1, "read");
	end = __rdtsc();
	if (!log->entries || entry->value != value) {
		entry = &log->entry[log->entries++ % ENTRIES];
		*entry = (struct entry){ .value = value, .begin = begin, .first = end };
	}
	entry->last = number;
	entry->end = end;
	atomic_store(&log->done, number);
}

struct thread {
	long cpu;
	struct log *log;
};

static void *watch(void *argument)
{
	struct thread *thread = argument;

	pin(thread->cpu);
	for (uint64_t number = 1;; number++)
		observe(thread->log, number);
	return NULL;
}

static uint64_t physical_address(const void *memory)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	off_t at = (uintptr_t)memory / LOG_SIZE * 8;
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), at) != sizeof(entry))
		err(1, "cannot read /proc/self/pagemap");
	close(fd);
	if (!(entry >> 63))
		errx(1, "the log is not in memory");
	return (entry & ((1ULL << 55) - 1)) * LOG_SIZE;
}

static uint64_t counter_hz(void)
{
	struct timespec start, now;
	uint64_t first = __rdtsc();
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		seconds = now.tv_sec - start.tv_sec + (now.tv_nsec - start.tv_nsec) / 1e9;
	} while (seconds < 0.1);
	return (__rdtsc() - first) / seconds;
}

static void start(long cpu)
{
	struct thread *thread = malloc(sizeof(*thread));
	pthread_t id;

	if (!thread)
		err(1, "thread");
	thread->cpu = cpu;
	thread->log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (thread->log == MAP_FAILED)
		err(1, "cannot get memory for a log");
	printf("log %" PRIu64 "\n", physical_address(thread->log));
	if (pthread_create(&id, NULL, watch, thread))
		errx(1, "cannot start a thread");
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
	int fd = open("/dev/sysgenid", O_RDONLY);

	_Static_assert(sizeof(struct log) <= LOG_SIZE, "a log is a page");
	if (fd < 0)
		err(1, "cannot open /dev/sysgenid");
	generation = mmap(NULL, LOG_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (generation == MAP_FAILED)
		err(1, "cannot map /dev/sysgenid");
	if (argc > 2 && strcmp(argv[2], "library") == 0) {
		if (sysgenid_open(&library, NULL, SYSGENID_OPEN_MAP_ONLY))
			errx(1, "cannot open /dev/sysgenid with the library");
	} else if (argc > 2) {
		reads = fd;
		if (ioctl(reads, SYSGENID_MARK_OUTDATED) < 0)
			err(1, "cannot mark the fd");
	}
	printf("hz %" PRIu64 "\n", counter_hz());
	for (long cpu = 0; cpu < threads; cpu++)
		start(cpu);
	fflush(stdout);
	for (;;)
		pause();
}
