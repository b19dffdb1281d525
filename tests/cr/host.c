// SPDX-License-Identifier: GPL-2.0-only
/* Helpers that tests run outside of the containers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "subject.h"

int host_kcmp(char **args)
{
	long result;

	if (!args[1] || !args[2] || !args[3] || !args[4])
		return 2;
	result = syscall(SYS_kcmp, atoi(args[1]), atoi(args[3]), KCMP_FILE, atol(args[2]),
			 atol(args[4]));
	if (result < 0)
		die("kcmp");
	say(result ? "different" : "same");
	return 0;
}

int host_wait(char **args)
{
	int fd = open_device(O_RDWR);

	if (!args[1])
		return 2;
	if (ioctl(fd, SYSGENID_WAIT_WATCHERS, atoi(args[1])))
		say("%s", strerrorname_np(errno));
	else
		say("0");
	return 0;
}

int host_trigger(char **args)
{
	int fd = open_device(O_RDWR | O_NONBLOCK);
	uint32_t generation;

	if (ioctl(fd, SYSGENID_TRIGGER_GEN_UPDATE, args[1] ? strtoul(args[1], NULL, 10) : 0))
		die("TRIGGER_GEN_UPDATE");
	if (read(fd, &generation, sizeof(generation)) != sizeof(generation))
		die("read");
	say("%u", generation);
	return 0;
}

/*
 * Shows a container's counter file, which is used without the module, or changes the file in place.
 */
int host_page(char **args)
{
	const size_t size = 4096;
	struct sysgenid_page *page;
	int fd;

	if (!args[1])
		return 2;
	fd = open(args[1], args[2] ? O_RDWR | O_CREAT : O_RDONLY, 0644);
	if (fd < 0 || (args[2] && ftruncate(fd, size)))
		die(args[1]);
	page = mmap(NULL, size, PROT_READ | (args[2] ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die("mmap");
	if (args[2]) {
		page->magic = SYSGENID_PAGE_MAGIC;
		page->version = SYSGENID_PAGE_VERSION;
		page->flags = SYSGENID_PAGE_F_RNG;
		__atomic_store_n(&page->generation, strtoul(args[2], NULL, 10), __ATOMIC_RELEASE);
	}
	say("%u", __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE));
	return 0;
}
