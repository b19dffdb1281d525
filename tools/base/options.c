// SPDX-License-Identifier: GPL-2.0-only
/* All mistakes in a command line get the same kind of message. */
#include "options.h"

#include "report.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_OPTIONS 8

/* As getopt_long(), with our own messages. Returns the next option, -1 at the end, or '?'. */
static int next_option(int argc, char **argv, const char *letters, const struct option *options)
{
	const char *command = argv[0];
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, letters, options, NULL);
	if (option == -1 && optind < argc) {
		tool_say("%s takes no argument, but got '%s': see 'sysgenid %s --help'", command,
			 argv[optind], command);
		return '?';
	}
	if (option == ':') {
		tool_say("%s: '%s' needs a value: see 'sysgenid %s --help'", command,
			 argv[optind - 1], command);
		return '?';
	}
	if (option == '?' && optopt && isprint(optopt) && argv[optind - 1][1] != '-')
		tool_say("%s: unknown option '-%c': see 'sysgenid %s --help'", command, optopt,
			 command);
	else if (option == '?')
		tool_say("%s: wrong option '%s': see 'sysgenid %s --help'", command,
			 argv[optind - 1], command);
	return option;
}

static bool parse_number(const char *command, const char *name, const char *text, uint32_t *value)
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
	tool_say("%s: --%s is to be a number from 0 to %u, not '%s'", command, name, UINT32_MAX,
		 text);
	return false;
}

static bool take(const char *command, const struct tool_option *option, const char *text)
{
	if (option->flag)
		*option->flag = true;
	else if (option->text)
		*option->text = text;
	else if (option->number)
		return parse_number(command, option->name, text, option->number);
	else if (!parse_number(command, option->name, text, option->pid))
		return false;
	if (!option->pid || *option->pid)
		return true;
	tool_say("%s: --%s is to be the number of a process, not 0", command, option->name);
	return false;
}

int tool_options(int argc, char **argv, const char *help, const struct tool_option *options)
{
	struct option known[MOST_OPTIONS + 2] = { { "help", no_argument, NULL, 'h' } };
	char letters[2 * MOST_OPTIONS + 3] = ":h", *end = letters + 2;
	int letter;
	size_t i;

	for (i = 0; options[i].name; i++) {
		assert(i < MOST_OPTIONS);
		known[i + 1] = (struct option){ options[i].name,
						options[i].flag ? no_argument : required_argument,
						NULL, options[i].letter };
		*end++ = options[i].letter;
		if (!options[i].flag)
			*end++ = ':';
	}
	while ((letter = next_option(argc, argv, letters, known)) != -1) {
		if (letter == 'h')
			return tool_print(help);
		for (i = 0; options[i].name && options[i].letter != letter; i++)
			;
		if (!options[i].name || !take(argv[0], &options[i], optarg))
			return TOOL_USAGE;
	}
	return TOOL_GO_ON;
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
	tool_say("cannot open the PID namespace of process %u: %s: %s: %s", pid, path,
		 strerror(error),
		 *status == TOOL_NO_PERMISSION
			 ? "it takes the right to trace that process; run this as root"
			 : "give the number of a running process, as seen from here");
	return -1;
}
