/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers of several test programs. */
#ifndef SYSGENID_TEST_HELPERS_H
#define SYSGENID_TEST_HELPERS_H

#include <dirent.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns the number of open descriptors, so that a test can see that none was left behind. */
static inline int count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	if (!directory)
		return -1;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Runs @work in a child, which must return 0 to 127, and returns that; a signal gives 128 and more.
 */
static inline int in_child(int (*work)(void *), void *argument)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return 255;
	if (pid == 0)
		_exit(work(argument));
	if (waitpid(pid, &status, 0) != pid)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif /* SYSGENID_TEST_HELPERS_H */
