// SPDX-License-Identifier: LGPL-2.1-or-later
/* A session number that no clone has: see ../bindings.md. Build: cc session.c */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *page;    /* NULL: there is no counter, and nothing can be noticed */
static char *vmclock; /* the hypervisor's page; NULL: there is none */
static uint32_t seen;
static uint64_t session; /* what must not exist twice; 0: none */

static char *map(int fd, off_t offset)
{
	void *mapped = mmap(NULL, (size_t)getpagesize(), PROT_READ, MAP_SHARED, fd, offset);

	return mapped == MAP_FAILED ? NULL : mapped;
}

static uint32_t generation(void)
{
	return __atomic_load_n((uint32_t *)page, __ATOMIC_ACQUIRE);
}

static void open_counter(void)
{
	const char *path = getenv("SYSGENID_PATH");
	int fd = open(path ? path : "/dev/sysgenid", O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return;
	page = map(fd, 0);
	/* A file in the counter's place has one page, and an older module as well. */
	if (!fstat(fd, &status) && status.st_size != getpagesize())
		vmclock = map(fd, getpagesize());
	close(fd);
	if (page)
		seen = generation();
}

/* Has the hypervisor restored this machine, and the kernel not moved the generation yet? */
static bool is_behind(void)
{
	return vmclock && __atomic_load_n((uint64_t *)(vmclock + 0x68), __ATOMIC_ACQUIRE) !=
				  __atomic_load_n((uint64_t *)(page + 80), __ATOMIC_ACQUIRE);
}

/* Has the kernel move it. Returns false if it does not do so within a second. */
static bool catch_up(void)
{
	for (int tries = 0; is_behind(); tries++) {
		if (tries == 1000)
			return false;
		if (tries)
			usleep(1000);
		/* With the next load of that page the kernel looks. */
		madvise(vmclock, (size_t)getpagesize(), MADV_DONTNEED);
	}
	return true;
}

static uint64_t session_number(void)
{
	bool sure = !page || catch_up();
	uint32_t now = page ? generation() : seen;

	if (!sure || now != seen)
		session = 0; /* made by somebody we were once */
	seen = now;
	/* The system call: libc's getrandom may draw from a state in this process. */
	if (!session && syscall(SYS_getrandom, &session, sizeof(session), 0) != sizeof(session))
		abort();
	return session;
}

int main(void)
{
	open_counter();
	while (getchar() != EOF) {
		printf("%016llx\n", (unsigned long long)session_number());
		fflush(stdout);
	}
	return 0;
}
