// SPDX-License-Identifier: LGPL-2.1-or-later
/* A session number that no clone has: see ../bindings.md. Build: cc session.c */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint32_t *word; /* NULL: there is no counter, and nothing can be noticed */
static uint32_t seen;
static uint64_t session; /* what must not exist twice; 0: none */

static void open_counter(void)
{
	const char *path = getenv("SYSGENID_PATH");
	int fd = open(path ? path : "/dev/sysgenid", O_RDONLY | O_CLOEXEC);
	void *page;

	if (fd < 0)
		return;
	page = mmap(NULL, 4, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED)
		word = page;
	if (word)
		seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static uint64_t session_number(void)
{
	uint32_t now = word ? __atomic_load_n(word, __ATOMIC_ACQUIRE) : seen;

	if (now != seen)
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
