// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/*
 * Finds the directory in which criu looks for its plugins. The last of these that names one counts:
 * /etc/criu/default.conf, ~/.criu/default.conf, the file that CRIU_CONFIG_FILE names, the command
 * line, and the file that criu's caller names (runc and crun: /etc/criu/runc.conf or crun.conf, or
 * the file in the container's annotation org.criu.config). If none does, CRIU_LIBS_DIR counts, and
 * then the directory that criu was built with.
 */
#include "criu.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cleanup.h>

#define CONFIG_MAX (1 << 20) /* bytes; a larger file is none of criu's */
#define DEFAULT_CONFIG "/etc/criu/default.conf"
#define WORD "libdir"

/*
 * Returns NULL if there is no file that criu could read. What is no file is not even opened: it may
 * be a FIFO, or a device that does something then.
 */
static FILE *open_config(const char *path)
{
	cleanup_close int found = open(path, O_PATH | O_CLOEXEC);
	char again[32];
	struct stat status;

	if (found < 0 || fstat(found, &status) || !S_ISREG(status.st_mode) ||
	    status.st_size > CONFIG_MAX)
		return NULL;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	return fopen(again, "re");
}

/*
 * Recognises "libdir" as getopt_long() does: the word may be cut short as long as no other option
 * begins with the rest.
 */
static bool is_libdir(const char *key, size_t size)
{
	return size >= strlen("lib") && size <= strlen(WORD) && !strncmp(key, WORD, size);
}

/*
 * Returns the value in a line "libdir VALUE" or "libdir=VALUE"; NULL for any other line. Changes
 * the line.
 */
static char *value_in(char *line)
{
	char *key = line + strspn(line, " \t"), *value, *end;
	size_t size = strcspn(key, " \t=\n");

	if (!is_libdir(key, size))
		return NULL;
	value = key + size;
	value += *value == '=' ? 1 : strspn(value, " \t");
	if (*value == '"')
		end = strchr(++value, '"');
	else
		end = value + strcspn(value, " \t\n#");
	if (end)
		*end = '\0';
	return value;
}

static void read_config(const char *path, char libdir[PATH_MAX], char source[PATH_MAX])
{
	FILE *file = open_config(path);
	char *line = NULL, *value;
	size_t room = 0;

	while (file && getline(&line, &room, file) >= 0) {
		value = value_in(line);
		if (!value)
			continue;
		snprintf(libdir, PATH_MAX, "%s", value);
		snprintf(source, PATH_MAX, "%s", path);
	}
	free(line);
	if (file)
		fclose(file);
}

void criu_libdir(const struct criu *criu, const struct criu_caller *caller, char libdir[PATH_MAX],
		 char source[PATH_MAX])
{
	const char *home = getenv("HOME"), *file = getenv("CRIU_CONFIG_FILE");
	const char *variable = getenv("CRIU_LIBS_DIR");
	char path[PATH_MAX];

	libdir[0] = '\0';
	read_config(DEFAULT_CONFIG, libdir, source);
	if (home && snprintf(path, sizeof(path), "%s/.criu/default.conf", home) < PATH_MAX)
		read_config(path, libdir, source);
	if (file)
		read_config(file, libdir, source);
	if (caller->config[0])
		read_config(caller->config, libdir, source);
	if (libdir[0])
		return;
	snprintf(libdir, PATH_MAX, "%s", variable ? variable : criu->libdir);
	snprintf(source, PATH_MAX, "%s", variable ? "the variable CRIU_LIBS_DIR" : criu->path);
}
