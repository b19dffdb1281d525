// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reports, once in a process, that there is no counter. */
#define _GNU_SOURCE
#include "provider.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define USER_WARNING 12 /* LOG_USER | LOG_WARNING */

/*
 * Does not use syslog(3): the program may use it with settings of its own, and the descriptor that
 * syslog keeps would hinder a checkpoint. If there is no log, or it is full, nothing is reported.
 */
static void log_line(const char *line)
{
	const struct sockaddr_un log = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[512];

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "<%d>%s[%d]: %s", USER_WARNING, program_invocation_short_name,
		 (int)getpid(), line);
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&log,
		      sizeof(log));
	close(fd);
}

/*
 * Writes to standard error only if that is configured: a program may have anything there, even a
 * data file. Does not use OpenSSL's error queue: programs take an entry there for a failure of
 * their own last call.
 */
void sysgenid_report_absence(const struct sysgenid_provider *provider, bool on_stderr)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;
	int saved = errno;
	char line[384];

	if (provider->counter.handle || atomic_flag_test_and_set(&said))
		return;
	snprintf(line, sizeof(line),
		 "sysgenid: OpenSSL's random bytes %s: cannot open the generation counter %s: %s; "
		 "load the kernel module (modprobe sysgenid) and start the program again",
		 provider->strict ? "fail" : "are not renewed after a restore", SYSGENID_DEVICE,
		 strerror(-provider->counter.error));
	log_line(line);
	if (on_stderr)
		fprintf(stderr, "%s\n", line);
	errno = saved;
}
