/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs the executables of a directory one after the other, each with a time limit. */
#ifndef SYSGENID_SCRIPTS_H
#define SYSGENID_SCRIPTS_H

#include <stdbool.h>
#include <stdint.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define TOOL_POST_RESTORE_DIR SYSCONFDIR "/sysgenid/post-restore.d"
#define TOOL_QUIESCE_DIR SYSCONFDIR "/sysgenid/quiesce.d"
#define TOOL_UNQUIESCE_DIR SYSCONFDIR "/sysgenid/unquiesce.d"
#define TOOL_SCRIPT_MS 30000

struct tool_scripts {
	const char *directory;
	uint32_t timeout_ms; /* for each script; 0: none */
	uint32_t generation; /* what the scripts are told */
	const char *cause;
	const char *incarnation; /* "": there is none */
	/*
	 * NULL, or called when @wake is readable. True: end the script that runs, and run no
	 * other.
	 */
	bool (*stop)(void *context);
	void *context;
	int wake;
};

struct tool_scripts_result {
	unsigned int count, failed;
	char names[400]; /* of the scripts that failed; cut off if there are very many */
};

/*
 * Runs the scripts of a directory in the order of their names, until @stop. A script that fails is
 * reported on stderr, and the others run all the same. Returns 0, also if a default directory does
 * not exist; or -EACCES after saying that the directory cannot be used.
 */
int tool_scripts_run(const struct tool_scripts *scripts, struct tool_scripts_result *result);

#endif
