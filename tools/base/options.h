/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the command line of one command. */
#ifndef SYSGENID_OPTIONS_H
#define SYSGENID_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* One of the four pointers says what value the option takes and where the value goes. */
struct tool_option {
	const char *name; /* without the dashes; NULL ends the list */
	char letter;
	bool *flag; /* takes no value */
	const char **text;
	uint32_t *number; /* from 0 to 4294967295, decimal, or hexadecimal with 0x */
	uint32_t *pid;	  /* the same, from 1 */
};

#define TOOL_GO_ON (-1)

/*
 * Reads the command line of one command; every command knows --help as well. Returns TOOL_GO_ON, or
 * an exit status after printing the help or what is wrong.
 */
int tool_options(int argc, char **argv, const char *help, const struct tool_option *options);

/*
 * Returns a descriptor of a process's PID namespace; or -1 after saying what is wrong, with the
 * exit status in *@status.
 */
int tool_open_namespace(uint32_t pid, int *status);

#endif
