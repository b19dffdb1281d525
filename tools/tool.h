/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the command sysgenid(1). */
#ifndef SYSGENID_TOOL_H
#define SYSGENID_TOOL_H

#include "libsysgenid.h"

#include <json_object.h>

enum tool_exit {
	TOOL_OK = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_TIMEOUT = 3,
	TOOL_NO_PERMISSION = 4,
	TOOL_NO_MODULE = 5,
	TOOL_PROBLEMS = 6, /* doctor found some */
};

/* One a file: they get their own name as argv[0] and return an enum tool_exit. */
int tool_status(int argc, char **argv);
int tool_watch(int argc, char **argv);
int tool_trigger(int argc, char **argv);
int tool_wait(int argc, char **argv);
int tool_doctor(int argc, char **argv);
int tool_run(int argc, char **argv);
int tool_quiesce(int argc, char **argv); /* and unquiesce */

/* options.c */

/* One of the four pointers says what the option takes and where that goes. */
struct tool_option {
	const char *name; /* without the dashes; NULL ends the list */
	char letter;
	bool *flag; /* takes nothing */
	const char **text;
	uint32_t *number; /* from 0 to 4294967295, decimal, or hexadecimal with 0x */
	uint32_t *pid;	  /* the same, from 1 */
};

#define TOOL_GO_ON (-1)

/*
 * Reads the command line of one command; all know --help as well. Returns TOOL_GO_ON, or the exit
 * status: the help was printed, or it was said what is wrong.
 */
int tool_options(int argc, char **argv, const char *help, const struct tool_option *options);

/*
 * A descriptor of the PID namespace of a process. If there is none, that has been said, and
 * *@status is the exit status.
 */
int tool_open_namespace(uint32_t pid, int *status);

/* counterfiles.c: Exit statuses; what went wrong has been said. */

bool tool_counterfiles_exist(void);

/* Moves the counter of one container, or all when @container is NULL; the highest one reached. */
int tool_counterfiles_trigger(const char *container, uint32_t min, uint32_t *generation);
int tool_counterfiles_status(bool json);

/* scripts.c */

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define TOOL_POST_RESTORE_DIR SYSCONFDIR "/sysgenid/post-restore.d"
#define TOOL_QUIESCE_DIR SYSCONFDIR "/sysgenid/quiesce.d"
#define TOOL_UNQUIESCE_DIR SYSCONFDIR "/sysgenid/unquiesce.d"
#define TOOL_SCRIPT_MS 30000

struct tool_scripts {
	const char *directory;
	uint32_t timeout_ms; /* for each; 0: none */
	uint32_t generation; /* what the scripts are told */
	const char *cause;
	/* NULL, or asked when @wake is readable: end the one that runs, and run no other? */
	bool (*stop)(void *context);
	void *context;
	int wake;
};

struct tool_scripts_result {
	unsigned int count, failed;
	char names[400]; /* of those that failed; cut off when there are very many */
};

/*
 * Runs what is in the directory, up to @stop, in the order of the names. What fails is said on
 * stderr and does not keep the others from running. Returns 0, also when a default directory does
 * not exist; or -EACCES: the directory cannot be used (said).
 */
int tool_scripts_run(const struct tool_scripts *scripts, struct tool_scripts_result *result);

/* notify.c: to systemd, if it started us; what cannot be told is said. */
void tool_notify(const char *text);

/* report.c */

/* One line on stderr, "sysgenid: ...". What is not printable in it is escaped. */
void tool_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Says on stderr, in one line, what could not be done, why, and what to do about it.
 * @words are the kernel's own, or NULL. Returns the exit status that belongs to @error.
 */
int tool_fail(const char *what, int error, const struct sysgenid_error *words);

/* Flushes stdout; the exit status says whether everything could be written. */
int tool_flush(void);

/* Prints @text. */
int tool_print(const char *text);

/* Prints @object, in one line, and frees it. */
int tool_print_json(struct json_object *object);

struct json_object *tool_json_new(void);
void tool_json_u32(struct json_object *object, const char *key, uint32_t value);
void tool_json_bool(struct json_object *object, const char *key, bool value);
void tool_json_string(struct json_object *object, const char *key, const char *value);
void tool_json_null(struct json_object *object, const char *key);

#endif /* SYSGENID_TOOL_H */
