// SPDX-License-Identifier: GPL-2.0-only
/* What a dump stores of the hypervisor's VMClock. The pages are files. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/sysgenid.h>

#include "hypervisors-clock.h"
#include "tap.h"

unsigned int log_get_fd(void);

unsigned int log_get_fd(void)
{
	return STDERR_FILENO;
}

static void put(int fd, const void *value, size_t size, off_t at)
{
	if (pwrite(fd, value, size, at) != (ssize_t)size)
		abort();
}

static int page(uint32_t seq, uint64_t marker, uint64_t counter)
{
	int fd = memfd_create("vmclock0", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, sysconf(_SC_PAGESIZE)))
		abort();
	seq = htole32(seq);
	marker = htole64(marker);
	counter = htole64(counter);
	put(fd, &seq, sizeof(seq), 0x0c);
	put(fd, &marker, sizeof(marker), 0x10);
	put(fd, &counter, sizeof(counter), SYSGENID_VMCLOCK_COUNTER);
	return fd;
}

/* Dumps a page where the mark is 10. Sets *mark; 0: it is not said that there is such a page. */
static int dump(int fd, uint32_t *mark)
{
	SysgenidImage *image = sysgenid_image_new();
	int error;

	if (!image)
		abort();
	image->has_mark = true;
	image->mark = 10;
	error = sysgenid_clock_dump(fd, image);
	*mark = image->hypervisors_clock ? image->mark : 0;
	sysgenid_image_free(image);
	close(fd);
	return error;
}

static void marks(int fd, uint32_t expected, const char *name)
{
	uint32_t mark;
	int error = dump(fd, &mark);

	if (!ok(!error && mark == expected, "%s", name))
		printf("# error %d, mark %u\n", error, mark);
}

int main(void)
{
	uint32_t mark;

	marks(page(2, 0, 7), 10, "a counter below the mark changes nothing");
	marks(page(2, 0, 77), 77, "the mark is at least the hypervisor's counter");
	marks(page(2, 78, 77), 78, "and its disruption marker");
	marks(page(2, 0, 1ull << 32 | 77), 10, "no generation can be a number of 33 bits");
	ok(dump(page(3, 0, 77), &mark) == -EBUSY && !mark,
	   "a page that is being changed for ever cannot be dumped");
	ok(dump(open("/", O_PATH | O_CLOEXEC), &mark) < 0 && !mark, "nor can what is no page");
	return done_testing();
}
