// SPDX-License-Identifier: GPL-2.0-only
/* Processes in PID namespaces of their own. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "domains.h"
#include "process.h"
#include "tap.h"

#define STACK 65536

uint32_t inode_of(int namespace)
{
	struct stat status;

	must(fstat(namespace, &status) == 0);
	return (uint32_t)status.st_ino;
}

static void send_file(int socket, int fd)
{
	char byte = 'f', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	must(sendmsg(socket, &message, 0) == 1);
}

static int receive_file(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd = -1;

	must(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void live_in_box(int socket)
{
	int fd = device_open(O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1) == 0);
	send_file(socket, fd);
	close(socket);
	for (;;)
		acknowledge(fd, (uint32_t)read_generation(fd));
}

static pid_t clone_plain(int flags)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

pid_t clone_sleeper(void)
{
	pid_t pid = clone_plain(CLONE_NEWPID);

	must(pid >= 0);
	while (!pid)
		pause();
	return pid;
}

void end_sleeper(pid_t pid)
{
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
}

void box_start(struct box *box)
{
	char path[64];
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	box->pid = clone_plain(CLONE_NEWPID);
	must(box->pid >= 0);
	if (!box->pid) {
		close(ends[0]);
		live_in_box(ends[1]);
	}
	close(ends[1]);
	box->fd = receive_file(ends[0]);
	close(ends[0]);
	box->page = device_map(box->fd);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", box->pid);
	box->namespace = open(path, O_RDONLY | O_CLOEXEC);
	must(box->namespace >= 0);
	box->domain = inode_of(box->namespace);
}

uint32_t box_generation(const struct box *box)
{
	return __atomic_load_n(&box->page->generation, __ATOMIC_ACQUIRE);
}

bool moves_from(const volatile struct sysgenid_page *page, uint32_t old)
{
	long long end = now_ms() + 20000;

	while (page->generation == old) {
		if (now_ms() > end)
			return false;
		pause_ms(1);
	}
	return true;
}

uint32_t box_generation_after(const struct box *box, uint32_t old)
{
	moves_from(box->page, old);
	return box_generation(box);
}

bool box_asleep(const struct box *box)
{
	struct sleeper sleeper = { .pid = box->pid, .pipe = -1 };

	return sleeper_asleep(&sleeper);
}

void box_kill(struct box *box)
{
	end_sleeper(box->pid);
}

void box_close(struct box *box)
{
	close(box->namespace);
	munmap((void *)box->page, PAGE);
	device_close(box->fd);
}

/* The reseed of an event before may be under way, and would look like a disturbance. */
static void wait_for_reseed(const struct box *box)
{
	long long end = now_ms() + 20000;

	while (box->page->rng_generation != box_generation(box) && now_ms() < end)
		usleep(1000);
}

void box_note(struct box *box)
{
	struct sleeper sleeper = { .pid = box->pid };

	must(box_asleep(box));
	wait_for_reseed(box);
	box->generation = box_generation(box);
	box->reseeded = box->page->rng_generation;
	box->switches = sleeper_switches(&sleeper);
}

bool box_undisturbed(const struct box *box)
{
	struct sleeper sleeper = { .pid = box->pid };

	return box_generation(box) == box->generation &&
	       box->page->rng_generation == box->reseeded && !outdated(box->fd) &&
	       fdinfo_number(box->fd, "sysgenid-generation") == box->generation &&
	       fdinfo_number(box->fd, "sysgenid-highest") == box->generation &&
	       sleeper_switches(&sleeper) == box->switches;
}

bool box_followed(const struct box *box)
{
	long long end = now_ms() + 20000;

	moves_from(box->page, box->generation);
	while (outdated(box->fd)) {
		if (now_ms() > end)
			return false;
		pause_ms(1);
	}
	return box_generation(box) == box->generation + 1;
}

static int result_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

struct inside {
	int (*body)(long arg);
	long arg;
};

static int as_first_process(long argument)
{
	const struct inside *inside = (const struct inside *)argument;
	pid_t pid = fork();

	if (pid < 0)
		return 254;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(inside->body(inside->arg));
	}
	return result_of(pid);
}

int in_pid_namespace(int flags, int (*body)(long arg), long arg)
{
	const struct inside inside = { body, arg };

	return in_namespace(flags | CLONE_NEWPID, as_first_process, (long)&inside);
}

static int open_it(void *fd)
{
	*(int *)fd = open(SYSGENID_DEVICE, O_RDWR | O_CLOEXEC);
	if (*(int *)fd < 0)
		*(int *)fd = -errno;
	return 0;
}

/*
 * The child shares memory and descriptors, so that this is cheap. It is gone when clone() returns.
 */
static int open_by_child(int flags)
{
	static _Alignas(16) char stack[STACK];
	int fd = -EAGAIN;
	pid_t pid = clone(open_it, stack + STACK,
			  flags | CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, &fd);

	must(pid >= 0);
	must(waitpid(pid, NULL, 0) == pid);
	return fd;
}

int open_in_new_domain(void)
{
	return open_by_child(CLONE_NEWPID);
}

int open_in_foreign_domain(void)
{
	return open_by_child(CLONE_NEWPID | CLONE_NEWUSER);
}

int open_in_namespace(int namespace)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), fd;

	must(own >= 0 && setns(namespace, CLONE_NEWPID) == 0);
	fd = open_by_child(0);
	must(setns(own, CLONE_NEWPID) == 0);
	close(own);
	return fd;
}
