// SPDX-License-Identifier: GPL-2.0-only
/* The plugin clears droppable memory of a stopped task and no other memory. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image.h"
#include "maps.h"
#include "status.h"
#include "droppable.h"
#include "tap.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

#define SIZE (16 * 4096u)
#define HUGE ((size_t)16 << 40)
#define READ ((size_t)64 << 20) /* part in the middle of HUGE that is only read */
#define FEW 1000u		/* system calls; a look at all of HUGE takes millions */

static bool old_kernel; /* without the ioctl PAGEMAP_SCAN of Linux 6.7 */
static unsigned int ioctls;

int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	ioctls++;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!old_kernel)
		return __real_ioctl(fd, request, argument);
	errno = ENOTTY;
	return -1;
}

static const char *kernel(void)
{
	return old_kernel ? "before Linux 6.7: " : "";
}

/* Returns the number of reading system calls and ioctls so far. */
static unsigned long calls(void)
{
	unsigned long reads = 0;
	FILE *file = fopen("/proc/self/io", "r");

	if (!file || fscanf(file, "rchar: %*u wchar: %*u syscr: %lu", &reads) != 1)
		abort();
	fclose(file);
	return reads + ioctls;
}

struct child {
	pid_t pid;
	uint8_t *memory;
	size_t size;
	int answer; /* pipe: bytes that are not zero */
};

static bool count(const struct child *child, int fd)
{
	uint32_t n = 0;

	for (size_t i = 0; i < SIZE; i++)
		n += child->memory[i] != 0;
	for (size_t i = child->size - 4096; i < child->size; i++)
		n += child->memory[i] != 0;
	return write(fd, &n, sizeof(n)) == sizeof(n);
}

/* Reads pages without writing them: they then are the kernel's shared page of zeros. */
static void fill_huge(const struct child *child)
{
	uint8_t *middle = child->memory + HUGE / 2;

	memset(child->memory + HUGE - 4096, 0x5a, 4096);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (size_t i = 0; i < READ; i += 4096)
		(void)*(volatile uint8_t *)(middle + i);
}

/*
 * Starts a child that fills pages 0 and 5 of its memory and stops. When the child goes on, it
 * counts the bytes that are not zero.
 */
static struct child start(int flags, size_t size)
{
	struct child child = { .size = size };
	int fds[2];

	if (pipe(fds))
		abort();
	child.memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (child.memory == MAP_FAILED)
		abort();
	child.answer = fds[0];
	child.pid = fork();
	if (!child.pid) {
		memset(child.memory, 0x5a, 4096);
		memset(child.memory + 5 * 4096, 0x5a, 4096);
		if (size > SIZE)
			fill_huge(&child);
		raise(SIGSTOP);
		_exit(!count(&child, fds[1]));
	}
	close(fds[1]);
	waitpid(child.pid, NULL, WUNTRACED);
	return child;
}

static uint32_t finish(struct child *child)
{
	uint32_t n = UINT32_MAX;

	kill(child->pid, SIGCONT);
	if (read(child->answer, &n, sizeof(n)) != sizeof(n))
		n = UINT32_MAX;
	waitpid(child->pid, NULL, 0);
	close(child->answer);
	munmap(child->memory, child->size);
	return n;
}

static bool has_area(const SysgenidImage *image, const struct child *child)
{
	for (size_t i = 0; i < image->n_rng_areas; i++)
		if (image->rng_areas[i]->start == (uintptr_t)child->memory &&
		    image->rng_areas[i]->end == (uintptr_t)child->memory + SIZE &&
		    image->rng_areas[i]->pid == (uint32_t)child->pid &&
		    image->rng_areas[i]->cleared)
			return true;
	return false;
}

struct resident {
	uint64_t start;
	bool found;
};

static int find(const struct sysgenid_vma *vma, void *argument)
{
	struct resident *resident = argument;

	resident->found |= vma->start == resident->start && vma->droppable;
	return 0;
}

static unsigned int pages_present(const struct child *child)
{
	unsigned int n = 0;
	uint64_t entry;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", child->pid);
	file = fopen(path, "r");
	fseek(file, (long)((uintptr_t)child->memory / 4096 * 8), SEEK_SET);
	for (size_t i = 0; i < SIZE / 4096 && fread(&entry, 8, 1, file) == 1; i++)
		n += entry >> 63;
	fclose(file);
	return n;
}

static unsigned long pages_of_its_own(const struct child *child)
{
	unsigned long n = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", child->pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*u %lu", &n) != 1)
		abort();
	fclose(file);
	return n;
}

static void test_dump(void)
{
	SysgenidImage *image = sysgenid_image_new();
	struct child child = start(MAP_ANONYMOUS | MAP_DROPPABLE, SIZE);
	struct resident resident = { .start = (uintptr_t)child.memory };
	unsigned long before;

	sysgenid_for_each_vma(child.pid, true, find, &resident);
	ok(resident.found, "droppable memory is recognised in smaps");
	ok(sysgenid_droppable_dump(child.pid, false, image) > 0,
	   "the droppable memory of a task is found");
	ok(has_area(image, &child),
	   "... and recorded as cleared, with its addresses and the task's number");
	ok(pages_present(&child) == 2, "... clearing brings no page into being that was not there");
	ok(finish(&child) == 0, "the task finds zeros when it goes on");
	sysgenid_image_free(image);

	image = sysgenid_image_new();
	child = start(MAP_ANONYMOUS | MAP_DROPPABLE, SIZE);
	ok(sysgenid_droppable_dump(child.pid, true, image) > 0 && image->n_rng_areas > 0 &&
		   !image->rng_areas[0]->cleared,
	   "where a thread may run afterwards it is not recorded as cleared, for a restore to do "
	   "it");
	ok(finish(&child) == 0, "... and cleared all the same");
	sysgenid_image_free(image);

	image = sysgenid_image_new();
	child = start(MAP_ANONYMOUS | MAP_PRIVATE, SIZE);
	ok(sysgenid_droppable_dump(child.pid, false, image) >= 0 && !has_area(image, &child),
	   "ordinary memory is not recorded");
	ok(finish(&child) == 2 * 4096, "... and left alone");
	sysgenid_image_free(image);

	image = sysgenid_image_new();
	child = start(MAP_ANONYMOUS | MAP_DROPPABLE, HUGE);
	before = calls();
	ok(sysgenid_droppable_dump(child.pid, false, image) > 0 && calls() - before < FEW,
	   "16 TB of droppable memory are cleared in a few system calls");
	ok(pages_of_its_own(&child) < READ / 4096 / 2,
	   "... without making pages of what was only read");
	ok(finish(&child) == 0, "... with all that was in them");
	sysgenid_image_free(image);
}

static void test_huge_restore(void)
{
	SysgenidImage *image = sysgenid_image_new();
	struct child child = start(MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, HUGE);
	uint64_t address = (uintptr_t)child.memory;
	unsigned long before = calls();

	sysgenid_image_add_rng_area(image, child.pid, address + 4096, address + HUGE - 4096, false);
	sysgenid_image_add_rng_area(image, child.pid, address + HUGE - 4096, address + HUGE, false);
	sysgenid_droppable_restore(child.pid, image);
	ok(calls() - before < FEW,
	   "%s16 TB are looked through in a few system calls, or not at all", kernel());
	ok(finish(&child) == (old_kernel ? 2 * 4096 : 4096),
	   "%s... and a smaller area is cleared in any case", kernel());
	sysgenid_image_free(image);
}

static void restored(int flags, int task, bool cleared, uint32_t expected, const char *name)
{
	SysgenidImage *image = sysgenid_image_new();
	struct child child = start(flags, SIZE);
	uint64_t address = (uintptr_t)child.memory;

	sysgenid_image_add_rng_area(image, child.pid + task, address, address + 4096, cleared);
	sysgenid_droppable_restore(child.pid, image);
	ok(finish(&child) == expected, "%s%s", kernel(), name);
	sysgenid_image_free(image);
}

static void test_restore(void)
{
	restored(MAP_ANONYMOUS | MAP_PRIVATE, 0, false, 4096,
		 "recorded addresses in private memory are cleared, and no more than these");
	restored(MAP_ANONYMOUS | MAP_PRIVATE, 1, false, 2 * 4096, "those of another task are not");
	restored(MAP_ANONYMOUS | MAP_SHARED, 0, false, 2 * 4096, "shared memory never is");
	restored(MAP_ANONYMOUS | MAP_PRIVATE, 0, true, 2 * 4096,
		 "what was cleared at dump is left alone");
}

int main(void)
{
	void *probe = mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS | MAP_DROPPABLE, -1, 0);

	ok(sysgenid_inner_pid(getpid()) == getpid(), "a task's number in its own namespace");
	ok(sysgenid_inner_pid(INT32_MAX) == -ENOENT, "no such task");
	if (probe == MAP_FAILED)
		skip("droppable memory is cleared at dump", "this kernel is older than 6.11");
	else
		test_dump();
	for (int i = 0; i < 2; i++) {
		old_kernel = i;
		test_restore();
		test_huge_restore();
	}
	return done_testing();
}
