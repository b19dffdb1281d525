// SPDX-License-Identifier: GPL-2.0-only
/* Subjects that have the counter open. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "subject.h"

#define HIGH_FD 40

void acknowledge(const char *who, int fd, uint32_t generation)
{
	if (write(fd, &generation, sizeof(generation)) != sizeof(generation))
		die("write");
	say("%s acknowledged %u", who, generation);
}

void read_and_acknowledge(const char *who, int fd)
{
	uint32_t generation;

	if (read(fd, &generation, sizeof(generation)) == sizeof(generation)) {
		say("%s sees %u", who, generation);
		acknowledge(who, fd, generation);
	} else if (errno == EAGAIN) {
		say("%s is up to date", who);
	} else {
		die("read");
	}
}

static void track(int fd)
{
	if (ioctl(fd, SYSGENID_SET_WATCHER_TRACKING, 1))
		die("SET_WATCHER_TRACKING");
}

static void serve(const char *who, int fd) __attribute__((noreturn));
static void serve(const char *who, int fd)
{
	for (;;) {
		await_signal();
		read_and_acknowledge(who, fd);
	}
}

int subject_file(char **args)
{
	int fd = open_device(O_RDWR | O_NONBLOCK);

	expect_signals();
	if (args[1] && !strcmp(args[1], "tracked"))
		track(fd);
	say("ready");
	serve(args[0], fd);
}

int subject_shared(char **args)
{
	int fd = open_device(O_RDWR | O_NONBLOCK);
	pid_t pid;

	(void)args;
	expect_signals();
	track(fd);
	if (dup2(fd, HIGH_FD) < 0)
		die("dup2");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(fd);
		serve("child", HIGH_FD);
	}
	close(HIGH_FD);
	say("ready");
	serve("parent", fd);
}

/* Opens the counter in several ways. A descriptor's number tells in which way it was opened. */
int subject_mixed(char **args)
{
	static const int ways[] = { O_RDWR, O_WRONLY | O_NONBLOCK, O_RDONLY | O_CLOEXEC, O_PATH };

	(void)args;
	expect_signals();
	for (int i = 0; i < (int)(sizeof(ways) / sizeof(ways[0])); i++) {
		int fd = open_device(ways[i]);

		if (dup3(fd, HIGH_FD + i, ways[i] & O_CLOEXEC) < 0)
			die("dup3");
		close(fd);
	}
	track(HIGH_FD);
	say("ready");
	look_for_ever("mixed", map_and_close(), BURST);
}
