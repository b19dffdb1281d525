// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "late.h"

#include "escape.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cleanup.h>

/* The module takes no others for its nodes. */
#define MINORS_BEGIN SYSGENID_MINOR
#define MINORS_END 255

/* Descriptor @number of the process: is it a file of that domain that is waited for? */
static bool is_late(const char *pid, const char *number, uint32_t domain)
{
	unsigned int outdated = 0, tracked = 0, whose = 0;
	cleanup_file FILE *file = NULL;
	cleanup_free char *line = NULL;
	size_t size = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/fdinfo/%.20s", pid, number);
	file = fopen(path, "re");
	while (file && getline(&line, &size, file) >= 0) {
		sscanf(line, "sysgenid-outdated: %u", &outdated);
		sscanf(line, "sysgenid-tracked: %u", &tracked);
		sscanf(line, "sysgenid-domain: %u", &whose);
	}
	return outdated && tracked && whose == domain;
}

/* The file's server, which may be stopped, is not asked. */
static bool may_be_counter(int directory, const char *number)
{
	struct statx known;

	return !statx(directory, number, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE,
		      &known) &&
	       S_ISCHR(known.stx_mode) && known.stx_rdev_major == MISC_MAJOR &&
	       known.stx_rdev_minor >= MINORS_BEGIN && known.stx_rdev_minor < MINORS_END;
}

/* Returns how many late files the process has, as far as they are seen. */
static unsigned int look_at(const char *pid, uint32_t domain)
{
	cleanup_directory DIR *directory = NULL;
	const struct dirent *entry;
	char path[64];
	unsigned int files = 0;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.' && may_be_counter(dirfd(directory), entry->d_name))
			files += is_late(pid, entry->d_name, domain);
	return files;
}

static void note(struct late *late, const char *pid)
{
	cleanup_file FILE *file = NULL;
	cleanup_free char *line = NULL;
	unsigned int i = late->n++;
	size_t size = 0;
	char path[64];

	if (i >= LATE_SHOWN)
		return;
	late->shown[i].pid = atoi(pid);
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	file = fopen(path, "re");
	if (file && getline(&line, &size, file) >= 0)
		snprintf(late->shown[i].name, LATE_NAME, "%.*s", (int)strcspn(line, "\n"), line);
}

void tool_find_late(uint32_t domain, uint32_t outdated, struct late *late)
{
	cleanup_directory DIR *processes = opendir("/proc");
	const struct dirent *entry;
	unsigned int files = 0, found;

	memset(late, 0, sizeof(*late));
	while (processes && (entry = readdir(processes))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		found = look_at(entry->d_name, domain);
		if (found)
			note(late, entry->d_name);
		files += found;
	}
	late->complete = files >= outdated;
}

void tool_print_late(FILE *out, const struct late *late)
{
	char escaped[SYSGENID_ESCAPE_SIZE];
	unsigned int i;

	for (i = 0; i < late->n && i < LATE_SHOWN; i++) {
		sysgenid_escape(late->shown[i].name, escaped);
		fprintf(out, "%sPID %d (%s)", i ? ", " : "", late->shown[i].pid, escaped);
	}
	if (late->n > i)
		fprintf(out, " and %u more", late->n - i);
	if (!late->complete)
		fprintf(out,
			"%swhoever else is not seen by this user, or has such a file without a "
			"descriptor of its own",
			late->n ? " and " : "");
}

void tool_json_late(struct json_object *object, const struct late *late)
{
	struct json_object *list = tool_json_array(object, "late_processes"), *process;

	for (unsigned int i = 0; i < late->n && i < LATE_SHOWN; i++) {
		process = tool_json_new();
		tool_json_u32(process, "pid", (uint32_t)late->shown[i].pid);
		tool_json_string(process, "command", late->shown[i].name);
		tool_json_append(list, process);
	}
	tool_json_bool(object, "late_processes_complete", late->complete && late->n <= LATE_SHOWN);
}
