// SPDX-License-Identifier: GPL-2.0-only
/* The page: who may map it and how, what is in it, how long it is there. */
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "process.h"
#include "tap.h"

static const struct {
	int flags;
	const char *name;
} kinds[] = { { MAP_SHARED, "shared" }, { MAP_PRIVATE, "private" } };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* mmap with the result as a number, so that failures compare with -1. */
static intptr_t map(size_t size, int prot, int flags, int fd, off_t offset)
{
	return (intptr_t)mmap(NULL, size, prot, flags, fd, offset);
}

static void map_geometry(int fd)
{
	for (size_t i = 0; i < KINDS; i++) {
		const char *name = kinds[i].name;
		int flags = kinds[i].flags;
		intptr_t page;

		page = map(4, PROT_READ, flags, fd, 0);
		tap_ok(page != -1, "%s: 4 bytes can be mapped, as programs for v7 do", name);
		tap_ok(munmap((void *)page, 4) == 0, "%s: and unmapped", name);
		fails(map(2 * PAGE, PROT_READ, flags, fd, 0), EINVAL, "%s: two pages give EINVAL",
		      name);
		fails(map(PAGE + 1, PROT_READ, flags, fd, 0), EINVAL,
		      "%s: more than a page gives EINVAL", name);
		fails(map(PAGE, PROT_READ, flags, fd, 2 * PAGE), EINVAL,
		      "%s: an offset of two pages gives EINVAL", name);
		page = map(PAGE, PROT_READ, flags, fd, 0);
		must(page != -1);
		fails((intptr_t)mremap((void *)page, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT,
		      "%s: a mapping cannot grow later", name);
		munmap((void *)page, PAGE);
	}
}

static void map_modes(void)
{
	int reader = device_open(O_RDONLY), both = device_open(O_RDWR),
	    writer = device_open(O_WRONLY);
	const int writable = PROT_READ | PROT_WRITE;

	fails(map(PAGE, writable, MAP_SHARED, both, 0), EPERM,
	      "shared: a writable mapping gives EPERM");
	fails(map(PAGE, writable, MAP_PRIVATE, both, 0), EPERM,
	      "private: a writable mapping gives EPERM");
	fails(map(PAGE, PROT_WRITE, MAP_SHARED, both, 0), EPERM,
	      "shared: one for writing alone gives EPERM");
	fails(map(PAGE, writable, MAP_PRIVATE, reader, 0), EPERM,
	      "private: a writable mapping of a file opened for reading gives EPERM");
	fails(map(PAGE, writable, MAP_SHARED, reader, 0), EACCES,
	      "shared: a writable mapping of a file opened for reading gives EACCES");
	fails(map(PAGE, PROT_READ, MAP_SHARED, writer, 0), EACCES,
	      "a file opened for writing alone cannot be mapped");
	device_close(reader);
	device_close(both);
	device_close(writer);
}

/* Without a VMClock the page is zeros, and so is the counter that the test compares with. */
static void map_vmclock(int fd)
{
	const off_t at = SYSGENID_MAP_VMCLOCK * PAGE;

	for (size_t i = 0; i < KINDS; i++) {
		const char *name = kinds[i].name;
		intptr_t page = map(PAGE, PROT_READ, kinds[i].flags, fd, at);

		must(page != -1);
		tap_ok(*(volatile uint64_t *)(page + SYSGENID_VMCLOCK_COUNTER) == 0,
		       "%s: the second page can be mapped, and has no counter", name);
		tap_ok(madvise((void *)page, PAGE, MADV_DONTNEED) == 0 &&
			       *(volatile uint64_t *)(page + SYSGENID_VMCLOCK_COUNTER) == 0,
		       "%s: and dropped, and loaded again", name);
		fails(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE), EACCES,
		      "%s: mprotect of it to writable gives EACCES", name);
		fails((intptr_t)mremap((void *)page, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT,
		      "%s: it cannot grow", name);
		fails(map(PAGE, PROT_READ | PROT_WRITE, kinds[i].flags, fd, at), EPERM,
		      "%s: a writable mapping of it gives EPERM", name);
		fails(map(2 * PAGE, PROT_READ, kinds[i].flags, fd, at), EINVAL,
		      "%s: more than that page gives EINVAL", name);
		munmap((void *)page, PAGE);
	}
}

static void map_stays_read_only(int fd)
{
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC),
	    zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	uint32_t junk = ~generation();

	must(memory >= 0 && zero >= 0);
	for (size_t i = 0; i < KINDS; i++) {
		const char *name = kinds[i].name;
		intptr_t page = map(PAGE, PROT_READ, kinds[i].flags, fd, 0);
		struct iovec local = { &junk, 4 }, remote = { (void *)page, 4 };

		must(page != -1);
		fails(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE), EACCES,
		      "%s: mprotect to writable gives EACCES", name);
		fails(mprotect((void *)page, PAGE, PROT_WRITE), EACCES,
		      "%s: mprotect to write-only gives EACCES", name);
		fails(pwrite(memory, &junk, 4, (off_t)(uintptr_t)page), EIO,
		      "%s: a write through /proc/self/mem is refused", name);
		fails(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), EFAULT,
		      "%s: process_vm_writev is refused", name);
		fails(read(zero, (void *)page, 4), EFAULT, "%s: a system call cannot write into it",
		      name);
		tap_ok(*(volatile uint32_t *)page == generation() && generation() != junk,
		       "%s: and the page is what it was", name);
		munmap((void *)page, PAGE);
	}
	close(memory);
	close(zero);
}

/* As a debugger does, on a child that has the mapping. */
static void map_debugger(int fd, int flags, const char *name)
{
	intptr_t page = map(PAGE, PROT_READ, flags, fd, 0);
	uint32_t before = generation();
	int status;
	pid_t pid;

	must(page != -1);
	/* The page must be present in the child: otherwise nothing is tested. */
	must(*(volatile uint32_t *)page == before);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		if (*(volatile uint32_t *)page != before || ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	must(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	errno = 0;
	tap_is((uint32_t)ptrace(PTRACE_PEEKDATA, pid, page, 0), before,
	       "%s: a debugger can read the page", name);
	fails(ptrace(PTRACE_POKEDATA, pid, page, (void *)(uintptr_t)~before), EIO,
	      "%s: a debugger cannot write the page", name);
	tap_is(generation(), before, "%s: and the generation is what it was", name);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	munmap((void *)page, PAGE);
}

void abi_map_rules(void)
{
	int fd = device_open(O_RDWR);

	map_geometry(fd);
	map_vmclock(fd);
	map_modes();
	map_stays_read_only(fd);
	for (size_t i = 0; i < KINDS; i++)
		map_debugger(fd, kinds[i].flags, kinds[i].name);
	device_close(fd);
}

static bool all_zero(const volatile unsigned char *bytes, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static bool rng_catches_up(void)
{
	long long end = now_ms() + 10000;

	while (shared_page->rng_generation != generation()) {
		if (now_ms() > end)
			return false;
		pause_ms(1);
	}
	return true;
}

void abi_map_contents(void)
{
	const volatile struct sysgenid_page *page = shared_page;
	const volatile unsigned char *bytes = (const volatile unsigned char *)page;
	uint32_t before, equal = 0;
	int fd = device_open(O_RDWR);

	trigger(0);
	tap_is(page->generation, read_generation(fd),
	       "the first word of the page is the generation that read gives");
	tap_is(page->zero, 0, "the word after it is 0");
	tap_is(*(const volatile uint64_t *)bytes, read_generation(fd),
	       "8 bytes read as one number are the generation, too");
	tap_ok(all_zero(bytes, 8, 64), "bytes 8 to 63 are 0");
	tap_is(*(const volatile uint32_t *)(bytes + 64), SYSGENID_PAGE_MAGIC,
	       "the magic is at offset 64");
	tap_is(*(const volatile uint32_t *)(bytes + 68), SYSGENID_PAGE_VERSION,
	       "the version is at offset 68");
	tap_is(*(const volatile uint32_t *)(bytes + 72),
	       SYSGENID_PAGE_F_RNG | SYSGENID_PAGE_F_INCARNATION,
	       "the flags at offset 72 say that rng_generation and incarnation are valid");
	tap_ok(&page->rng_generation == (const volatile uint32_t *)(bytes + 76),
	       "rng_generation is at offset 76");
	tap_ok(all_zero(bytes, sizeof(*page), PAGE),
	       "the rest of the page is empty and tells nothing about the kernel");
	must(rng_catches_up());
	before = page->rng_generation;
	trigger(0);
	tap_ok(rng_catches_up(), "rng_generation reaches the generation after an event");
	tap_ok(page->rng_generation != before, "and was another one before it");
	for (int i = 0; i < 1000; i++) {
		trigger(0);
		equal += (long)page->generation == read_generation(fd);
	}
	tap_is(equal, 1000, "the page has moved when the trigger returns, a thousand times");
	device_close(fd);
}

void abi_map_life(void)
{
	int fd = device_open(O_RDONLY);
	const volatile uint32_t *shared = (void *)map(PAGE, PROT_READ, MAP_SHARED, fd, 0);
	const volatile uint32_t *own = (void *)map(PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	const volatile uint32_t *late = (void *)map(PAGE, PROT_NONE, MAP_SHARED, fd, 0);
	int to_child[2], from_child[2];
	uint32_t now, seen = 0;
	char go;
	pid_t pid;

	must((intptr_t)shared != -1 && (intptr_t)own != -1 && (intptr_t)late != -1);
	device_close(fd);
	now = trigger(0);
	tap_is(*shared, now, "a shared mapping shows an event after the file is closed");
	tap_is(*own, now, "a private mapping shows an event after the file is closed");
	now = trigger(0);
	tap_ok(*shared == now && *own == now, "and the next one");
	tap_ok(mprotect((void *)late, PAGE, PROT_READ) == 0 && *late == now,
	       "a mapping that is made readable later, and touched for the first time, shows the "
	       "generation");

	must(pipe(to_child) == 0 && pipe(from_child) == 0);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		uint32_t value;

		if (read(to_child[0], &go, 1) != 1)
			_exit(1);
		value = *own == *shared ? *shared : 0;
		_exit(write(from_child[1], &value, sizeof(value)) != sizeof(value));
	}
	now = trigger(0);
	must(write(to_child[1], "g", 1) == 1);
	must(read(from_child[0], &seen, sizeof(seen)) == sizeof(seen));
	waitpid(pid, NULL, 0);
	tap_is(seen, now, "a child has the mapping and sees an event after the fork");
	for (int i = 0; i < 2; i++) {
		close(to_child[i]);
		close(from_child[i]);
	}
	munmap((void *)shared, PAGE);
	munmap((void *)own, PAGE);
	munmap((void *)late, PAGE);
}
