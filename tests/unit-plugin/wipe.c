// SPDX-License-Identifier: GPL-2.0-only
/* Wipe-on-fork memory of tasks that we trace is found, and cleared when it is asked for; nothing else is. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image.h"
#include "tap.h"
#include "wipe.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define SIZE (4 * 4096u)

struct child {
	pid_t pid;
	uint8_t *memory; /* three mappings; the one in the middle is wipe-on-fork */
};

/* The addresses are the same in the child, since it is forked after the mapping was made. */
static struct child start(void)
{
	struct child child;
	int status;

	child.memory =
		mmap(NULL, 3 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (child.memory == MAP_FAILED)
		abort();
	child.pid = fork();
	if (!child.pid) {
		if (madvise(child.memory + SIZE, SIZE, MADV_WIPEONFORK))
			abort();
		child.memory[0] = child.memory[SIZE] = child.memory[2 * SIZE] = 1;
		raise(SIGSTOP);
		/* What is left, as an exit status of three bits. */
		_exit(child.memory[0] | child.memory[SIZE] << 1 | child.memory[2 * SIZE] << 2);
	}
	waitpid(child.pid, &status, WUNTRACED);
	return child;
}

static int left(struct child *child)
{
	int status;

	kill(child->pid, SIGCONT);
	waitpid(child->pid, &status, 0);
	munmap(child->memory, 3 * SIZE);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void seize(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		abort();
	waitpid(pid, &status, __WALL);
}

int main(void)
{
	SysgenidImage *image = sysgenid_image_new();
	struct child traced = start(), other = start(), kept = start();

	ok(!sysgenid_wipe_dump(image), "a task that is not traced is not looked at");
	seize(traced.pid);
	ok(sysgenid_wipe_dump(image), "wipe-on-fork memory of a traced task is found");
	ok(image->n_wipe_areas == 1 && image->wipe_areas[0]->pid == (uint32_t)traced.pid &&
		   image->wipe_areas[0]->start == (uintptr_t)traced.memory + SIZE &&
		   image->wipe_areas[0]->end == (uintptr_t)traced.memory + 2 * SIZE,
	   "... exactly that, with the task's number");
	sysgenid_wipe_restore(traced.pid, image);
	sysgenid_wipe_restore(other.pid, image);
	ptrace(PTRACE_DETACH, traced.pid, NULL, NULL);
	ok(left(&traced) == 5, "it is cleared, and what lies beside it is not");
	ok(left(&other) == 7, "nor that of another task");
	ok(left(&kept) == 7, "nothing is cleared without a restore");
	sysgenid_image_free(image);
	return done_testing();
}
