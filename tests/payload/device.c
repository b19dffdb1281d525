// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "tap.h"

#define SLOW_FACTOR 6 /* as in tests/vm/run */
#define WORD "/sys/module/sysgenid_test/parameters/word"

const volatile struct sysgenid_page *shared_page;
static int own_fd = -1;

void device_setup(void)
{
	own_fd = device_open(O_RDWR | O_CLOEXEC);
	shared_page = device_map(own_fd);
}

int device_open(int flags)
{
	int fd = open(SYSGENID_DEVICE, flags);

	must(fd >= 0);
	return fd;
}

void device_close(int fd)
{
	must(close(fd) == 0);
}

const volatile struct sysgenid_page *device_map(int fd)
{
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	must(page != MAP_FAILED);
	return page;
}

void store_word(uint32_t word)
{
	FILE *file = fopen(WORD, "we");

	must(file);
	fprintf(file, "%u", word);
	must(fclose(file) == 0);
}

uint32_t trigger(uint32_t min)
{
	must(ioctl(own_fd, SYSGENID_TRIGGER_GEN_UPDATE, min) == 0);
	return generation();
}

long acknowledge(int fd, uint32_t value)
{
	ssize_t done = write(fd, &value, sizeof(value));

	if (done == -1)
		return -errno;
	return done == sizeof(value) ? 0 : -EIO;
}

void acknowledge_now(int fd)
{
	must(acknowledge(fd, generation()) == 0);
}

bool outdated(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	must(poll(&wait, 1, 0) >= 0);
	return wait.revents & POLLIN;
}

long read_generation(int fd)
{
	uint32_t value;
	ssize_t done = read(fd, &value, sizeof(value));

	if (done == -1)
		return -errno;
	return done == sizeof(value) ? (long)value : -EIO;
}

/* The number of up to 32 bits after WORD at the start of a line, -1 if there is none. */
static long number_after(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[256];
	long number = -1;

	must(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, word, strlen(word)) == 0) {
			number = (long)strtoul(line + strlen(word), NULL, 10);
			break;
		}
	}
	fclose(file);
	return number;
}

long sysfs_number(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/misc/sysgenid/%s", name);
	return number_after(path, "");
}

long fdinfo_number(int fd, const char *name)
{
	char path[64], word[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(word, sizeof(word), "%s:\t", name);
	return number_after(path, word);
}

bool slow_kernel(void)
{
	const char *suite = getenv("VM_SUITE");

	return suite && strcmp(suite, "debug") == 0;
}

void time_limit(unsigned int seconds)
{
	alarm(slow_kernel() ? SLOW_FACTOR * seconds : seconds);
}

long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}
