// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <escape.h>

#include "criu_abi.h"
#include "log.h"

static pid_t criu;

static void __attribute__((constructor)) remember_criu(void)
{
	criu = getpid();
}

/* Does criu's log go to standard error anyway? */
static bool log_is_stderr(void)
{
	struct stat log, standard;

	return log_get_fd && !fstat(log_get_fd(), &log) && !fstat(STDERR_FILENO, &standard) &&
	       log.st_dev == standard.st_dev && log.st_ino == standard.st_ino;
}

/*
 * Writes an error to standard error, too. Under a container runtime criu's log is a file that the
 * user must look for, while the user sees the runtime's standard error. A task that is being
 * restored writes nothing, since its standard error may already be the task's own.
 */
static void tell_user(const char *text)
{
	if (getpid() == criu && !log_is_stderr())
		dprintf(STDERR_FILENO, "sysgenid: %s\n", text);
}

/* People and runtimes search criu's log for the words "Error" and "Warn". */
static void make_place(char *place, size_t size, enum sysgenid_log_level level, const char *file,
		       int line)
{
	place[0] = '\0';
	if (level <= SYSGENID_LOG_WARN)
		snprintf(place, size,
			 "%s (%s:%d): ", level == SYSGENID_LOG_WARN ? "Warn " : "Error", file,
			 line);
}

void sysgenid_log_at(enum sysgenid_log_level level, const char *file, int line, const char *format,
		     ...)
{
	int saved = errno;
	char place[64], text[PATH_MAX + 1024], escaped[SYSGENID_ESCAPE_SIZE];
	va_list args;

	make_place(place, sizeof(place), level, file, line);

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/*
	 * The text is escaped, since it may contain paths of a container. criu's log takes lines of
	 * up to 8 kB.
	 */
	sysgenid_escape(text, escaped);
	if (print_on_level)
		print_on_level(level, "%ssysgenid: %s\n", place, escaped);
	if (level == SYSGENID_LOG_ERROR || !print_on_level)
		tell_user(escaped);
	errno = saved;
}
