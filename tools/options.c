// SPDX-License-Identifier: GPL-2.0-only
/* Reading the command line, with one kind of message for whatever is wrong in it. */
#include "tool.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tool_next_option(int argc, char **argv, const char *letters, const struct option *options)
{
	const char *command = argv[0];
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, letters, options, NULL);
	if (option == -1 && optind < argc) {
		fprintf(stderr,
			"sysgenid: %s takes no argument, but got '%s': see 'sysgenid %s --help'\n",
			command, argv[optind], command);
		return '?';
	}
	if (option == ':') {
		fprintf(stderr, "sysgenid: %s: '%s' needs a value: see 'sysgenid %s --help'\n",
			command, argv[optind - 1], command);
		return '?';
	}
	if (option == '?' && optopt && isprint(optopt) && argv[optind - 1][1] != '-')
		fprintf(stderr, "sysgenid: %s: unknown option '-%c': see 'sysgenid %s --help'\n",
			command, optopt, command);
	else if (option == '?')
		fprintf(stderr, "sysgenid: %s: wrong option '%s': see 'sysgenid %s --help'\n",
			command, argv[optind - 1], command);
	return option;
}

bool tool_parse_u32(const char *command, const char *option, const char *text, uint32_t *value)
{
	const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, hex ? 16 : 10);
	if (isdigit((unsigned char)text[0]) && !*end && !errno && number <= UINT32_MAX) {
		*value = (uint32_t)number;
		return true;
	}
	fprintf(stderr, "sysgenid: %s: %s is to be a number from 0 to %u, not '%s'\n", command,
		option, UINT32_MAX, text);
	return false;
}

bool tool_parse_pid(const char *command, const char *text, uint32_t *pid)
{
	if (!tool_parse_u32(command, "--pid", text, pid))
		return false;
	if (*pid)
		return true;
	fprintf(stderr, "sysgenid: %s: --pid is to be the number of a process, not 0\n", command);
	return false;
}

int tool_open_namespace(uint32_t pid, int *status)
{
	char path[sizeof("/proc/4294967295/ns/pid")];
	int fd, error;

	snprintf(path, sizeof(path), "/proc/%u/ns/pid", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	error = errno;
	*status = error == EACCES || error == EPERM ? TOOL_NO_PERMISSION : TOOL_FAILED;
	fprintf(stderr, "sysgenid: cannot open the PID namespace of process %u: %s: %s: %s\n", pid,
		path, strerror(error),
		*status == TOOL_NO_PERMISSION
			? "it takes the right to trace that process; run this as root"
			: "give the number of a running process, as seen from here");
	return -1;
}
