// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include <cleanup.h>

#include "hypervisors-clock.h"
#include "log.h"

/* Where in the page, and how often to look again while the hypervisor changes the fields. */
#define SEQ_COUNT 0x0c
#define DISRUPTION_MARKER 0x10
#define TRIES 100000

static uint64_t load(const volatile uint8_t *page, size_t at)
{
	return le64toh(__atomic_load_n((const volatile uint64_t *)(page + at), __ATOMIC_RELAXED));
}

static uint32_t load_seq(const volatile uint8_t *page)
{
	uint32_t seq =
		__atomic_load_n((const volatile uint32_t *)(page + SEQ_COUNT), __ATOMIC_ACQUIRE);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return le32toh(seq);
}

static int read_counters(const volatile uint8_t *page, uint64_t counters[2])
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t seq = load_seq(page);

		counters[0] = load(page, SYSGENID_VMCLOCK_COUNTER);
		counters[1] = load(page, DISRUPTION_MARKER);
		/* The second look at the count comes after the loads. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && seq == load_seq(page))
			return 0;
	}
	return -EBUSY;
}

/* A task may have the page open for writing only or by its path only, so it is opened again. */
static int read_page(int fd, uint64_t counters[2])
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);
	cleanup_close int page_fd = -1;
	char path[64];
	void *page;
	int error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	page_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (page_fd < 0)
		return -errno;
	page = mmap(NULL, size, PROT_READ, MAP_SHARED, page_fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	error = read_counters(page, counters);
	munmap(page, size);
	return error;
}

int sysgenid_clock_dump(int fd, SysgenidImage *image)
{
	uint64_t counters[2] = { 0, 0 };
	int error = read_page(fd, counters);

	if (error) {
		sysgenid_err("a task has the hypervisor's VMClock open or mapped, and its page "
			     "cannot be read: %s",
			     strerror(-error));
		return error;
	}
	/* A number of more than 32 bits is none of the view's. */
	for (int i = 0; i < 2; i++)
		if (image->has_mark && counters[i] <= UINT32_MAX && counters[i] > image->mark)
			image->mark = (uint32_t)counters[i];
	if (!image->hypervisors_clock)
		sysgenid_info("a task has the hypervisor's VMClock, counter %llu: at restore the "
			      "view of the counter takes its place",
			      (unsigned long long)counters[0]);
	image->has_hypervisors_clock = true;
	image->hypervisors_clock = true;
	return 0;
}
