// SPDX-License-Identifier: GPL-2.0-only
/* A dump records wipe-on-fork memory, and a restore clears it; other memory stays. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image-file.h"
#include "tap.h"
#include "wipe.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define SIZE (4 * 4096u)
#define LARGE ((size_t)1 << 30)

/* The kind of memory that a child has. */
struct form {
	int protection;
	bool heap;
	bool lazy; /* the pages come by a userfaultfd */
	size_t size;
};

struct child {
	pid_t pid;
	uint8_t *memory; /* three parts; the middle part is wipe-on-fork */
	size_t size;	 /* of a part */
	int faults;	 /* userfaultfd, or -1 */
	int answer;	 /* socket */
};

static void send_fd(int socket, int fd)
{
	char room[CMSG_SPACE(sizeof(fd))] = { 0 }, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (sendmsg(socket, &message, 0) != 1)
		abort();
}

static int receive_fd(int socket)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	int fd;

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		abort();
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Registers the memory with userfaultfd as criu's restorer does. */
static int register_memory(const struct child *child)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register memory = {
		.range = { (uintptr_t)child->memory, 3 * child->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &memory))
		abort();
	return fd;
}

static void __attribute__((noreturn)) live(const struct child *child, const struct form *form)
{
	uint8_t *memory = child->memory;
	size_t size = child->size;
	uint8_t left[3];

	if (form->lazy)
		send_fd(child->answer, register_memory(child));
	else
		memory[0] = memory[size] = memory[2 * size] = 1;
	if (madvise(memory + size, size, MADV_WIPEONFORK) ||
	    mprotect(memory, 3 * size, form->protection))
		abort();
	raise(SIGSTOP);
	if (mprotect(memory, 3 * size, PROT_READ))
		abort();
	for (int i = 0; i < 3; i++)
		left[i] = memory[i * size];
	_exit(write(child->answer, left, sizeof(left)) != sizeof(left));
}

static uint8_t *allocate(const struct form *form)
{
	void *memory;

	if (form->heap) {
		memory = sbrk((intptr_t)(3 * form->size + 4096));
		return (uint8_t *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095);
	}
	memory = mmap(NULL, 3 * form->size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* The addresses are the same in the child, since it is forked after the memory was allocated. */
static struct child start_as(struct form form)
{
	struct child child = { .size = form.size, .memory = allocate(&form), .faults = -1 };
	int pair[2], status;

	if (!child.memory || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	child.pid = fork();
	child.answer = pair[!child.pid];
	if (!child.pid)
		live(&child, &form);
	close(pair[1]);
	if (form.lazy)
		child.faults = receive_fd(child.answer);
	waitpid(child.pid, &status, WUNTRACED);
	return child;
}

static struct child start(void)
{
	return start_as((struct form){ .protection = PROT_READ | PROT_WRITE, .size = SIZE });
}

static void seize(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		abort();
	waitpid(pid, &status, __WALL);
}

/* Returns three bits, one for each part: does the part still have its contents? */
static int left(struct child *child)
{
	uint8_t left[3] = { 8, 8, 8 };

	ptrace(PTRACE_DETACH, child->pid, NULL, NULL);
	kill(child->pid, SIGCONT);
	if (read(child->answer, left, sizeof(left)) != sizeof(left))
		left[0] = 8;
	waitpid(child->pid, NULL, 0);
	close(child->answer);
	return left[0] | left[1] << 1 | left[2] << 2;
}

/* Returns the image of a task as a restore would read it. */
static SysgenidImage *record(pid_t pid)
{
	SysgenidImage *image = sysgenid_image_new(), *back = NULL;
	struct sysgenid_image_error error = { "" };
	uint8_t *data;
	size_t size;

	if (sysgenid_wipe_dump(pid, image) || sysgenid_image_encode(image, &data, &size) ||
	    sysgenid_image_decode(data, size, &back, &error))
		abort();
	free(data);
	sysgenid_image_free(image);
	return back;
}

static void test_plain(void)
{
	struct child child = start(), other = start(), kept = start();
	SysgenidImage *image;

	seize(child.pid);
	image = record(child.pid);
	ok(image->n_wipe_areas == 1 && image->wipe_areas[0]->pid == (uint32_t)child.pid &&
		   image->wipe_areas[0]->start == (uintptr_t)child.memory + SIZE &&
		   image->wipe_areas[0]->end == (uintptr_t)child.memory + 2 * SIZE,
	   "wipe-on-fork memory of a task is found, exactly that, with the task's number");
	ok(!sysgenid_wipe_restore(child.pid, image) && !sysgenid_wipe_restore(other.pid, image),
	   "it can be cleared");
	ok(left(&child) == 5, "... and what lies beside it is not");
	ok(left(&other) == 7, "nor that of another task");
	ok(left(&kept) == 7, "nothing is cleared without a restore");
	sysgenid_image_free(image);
}

static void cleared(struct form form, const char *what)
{
	struct child child = start_as(form);
	SysgenidImage *image;

	seize(child.pid);
	image = record(child.pid);
	ok(!sysgenid_wipe_restore(child.pid, image) && left(&child) == 5, "%s is cleared, too",
	   what);
	sysgenid_image_free(image);
}

/* A restore must not take an area for cleared that is shared memory or is gone. */
static void test_elsewhere(void)
{
	struct child child = start();
	SysgenidImage *image;
	const char *wrong;

	seize(child.pid);
	image = record(child.pid);
	image->wipe_areas[0]->start = 4096;
	image->wipe_areas[0]->end = 2 * 4096;
	wrong = sysgenid_wipe_restore(child.pid, image);
	ok(wrong != NULL, "memory that the task does not have is reported");
	contains(wrong ? wrong : "", "other memory where the image says", "... with what is there");
	image->wipe_areas[0]->start = INT64_MAX / 4096 * 4096 - 4096;
	image->wipe_areas[0]->end = INT64_MAX / 4096 * 4096;
	ok(sysgenid_wipe_restore(child.pid, image) != NULL, "... also behind all that it has");
	ok(left(&child) == 7, "... and nothing else is cleared for it");
	ok(!sysgenid_wipe_restore(child.pid, image), "a task that is gone has nothing to clear");
	sysgenid_image_free(image);
}

/* Brings pages that begin with a 1, as "criu lazy-pages" brings what was dumped. */
static pid_t bring_pages(int fd)
{
	static uint8_t page[4096] __attribute__((aligned(4096))) = { 1 };
	struct uffd_msg message;
	pid_t pid = fork();

	if (pid)
		return pid;
	while (read(fd, &message, sizeof(message)) == sizeof(message)) {
		struct uffdio_copy copy = {
			.dst = message.arg.pagefault.address & ~(uint64_t)4095,
			.src = (uintptr_t)page,
			.len = sizeof(page),
		};

		ioctl(fd, UFFDIO_COPY, &copy);
	}
	_exit(1);
}

static void lazy(int protection, size_t size, int expected, const char *what, const char *words)
{
	struct form form = { .protection = protection, .lazy = true, .size = size };
	struct child child = start_as(form);
	SysgenidImage *image = record(child.pid);
	pid_t server = bring_pages(child.faults);
	const char *wrong;

	seize(child.pid);
	wrong = sysgenid_wipe_restore(child.pid, image);
	if (words)
		contains(wrong ? wrong : "", words, what);
	else
		ok(!wrong, "%s", what);
	ok(left(&child) == expected, words ? "... and nothing is cleared"
					   : "... to be cleared, and what lies beside it is not");
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	close(child.faults);
	sysgenid_image_free(image);
}

static void test_lazy(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0) {
		skip("memory that comes by userfaultfd is cleared", "there is none here");
		return;
	}
	close(fd);
	lazy(PROT_READ | PROT_WRITE, SIZE, 5, "memory that comes by userfaultfd is waited for",
	     NULL);
	lazy(PROT_READ, SIZE, 5, "... also if the task may only read it", NULL);
	lazy(PROT_NONE, SIZE, 7, "... what the task may not read is reported",
	     "lazy pages bring it");
	lazy(PROT_READ | PROT_WRITE, LARGE, 7, "... and so is what is too large",
	     "it is too large; if lazy pages");
}

int main(void)
{
	test_plain();
	cleared((struct form){ .protection = PROT_READ, .size = SIZE },
		"what the task may only read");
	cleared((struct form){ .protection = PROT_NONE, .size = SIZE }, "what it may not read");
	cleared((struct form){ .protection = PROT_READ | PROT_WRITE, .heap = true, .size = SIZE },
		"what is part of its heap");
	test_elsewhere();
	test_lazy();
	return done_testing();
}
