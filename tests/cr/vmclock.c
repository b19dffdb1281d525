// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of VMClock, as AWS-LC is going to be one: it chooses the node once, by its name alone,
 * checks the page, and has one load of the counter in each draw. And one that keeps the file and
 * polls it.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "subject.h"

#define NODE "/dev/vmclock0"
#define MAGIC 0x4b4c4356u
#define HAS_GENERATION (1ull << 8)
#define TRIES 1024

struct vmclock {
	uint32_t magic, size;
	uint16_t version;
	uint8_t counter_id, time_type;
	uint32_t seq_count;
	uint64_t disruption_marker, flags;
	uint8_t time[72];
	uint64_t vm_generation_counter;
};

_Static_assert(offsetof(struct vmclock, vm_generation_counter) == 0x68, "as the ABI has it");

static const volatile struct vmclock *map_vmclock(void)
{
	const volatile struct vmclock *page;
	struct stat status;
	int fd;

	if (stat(NODE, &status))
		return NULL;
	fd = open(NODE, O_RDONLY);
	if (fd < 0)
		die(NODE);
	page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die("mmap");
	close(fd);
	if (le32toh(page->magic) != MAGIC || !(le64toh(page->flags) & HAS_GENERATION))
		return NULL;
	return page;
}

/* Returns 0, which is nobody's counter here, where the fields change for ever. */
static uint64_t counter(const volatile struct vmclock *page)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t seq = __atomic_load_n(&page->seq_count, __ATOMIC_ACQUIRE);
		uint64_t value = le64toh(page->vm_generation_counter);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && seq == page->seq_count)
			return value;
	}
	return 0;
}

/* A generator in this process's memory. */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void reseed(uint64_t *state)
{
	/* The system call: the C library's function may draw from a state in this process. */
	if (syscall(SYS_getrandom, state, sizeof(*state), 0) != sizeof(*state))
		die("getrandom");
}

int subject_vmclock(char **args)
{
	const volatile struct vmclock *page = map_vmclock();
	uint64_t seen, state;

	(void)args;
	if (!page) {
		say("no %s: would look for /dev/sysgenid", NODE);
		return 1;
	}
	expect_signals();
	seen = counter(page);
	reseed(&state);
	say("ready");
	for (;;) {
		await_signal();
		/* One load in each draw; the rest when that has changed. */
		if (!seen || le64toh(page->vm_generation_counter) != seen) {
			seen = counter(page);
			reseed(&state);
		}
		say("vmclock sees %llu", (unsigned long long)seen);
		say("token %016llx", (unsigned long long)draw(&state));
	}
}

int subject_vmclock_file(char **args)
{
	struct vmclock copy;
	struct pollfd file = { .fd = open(NODE, O_RDONLY), .events = POLLIN };

	if (file.fd < 0)
		die(NODE);
	expect_signals();
	say("ready");
	for (;;) {
		await_signal();
		say("%s polls %s", args[0], poll(&file, 1, 0) ? "changed" : "quiet");
		if (pread(file.fd, &copy, sizeof(copy), 0) != sizeof(copy))
			die("pread");
		say("%s sees %llu", args[0],
		    (unsigned long long)le64toh(copy.vm_generation_counter));
	}
}
