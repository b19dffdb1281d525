// SPDX-License-Identifier: GPL-2.0-only
/* Checks the variables of running engines, which they pass on to criu. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checks.h"
#include "../base/finding.h"

static bool is_engine(const char *name)
{
	static const char *const engines[] = {
		"containerd", "containerd-shim", "dockerd", "crio",  "conmon",
		"podman",     "kubelet",	 "incusd",  "lxcfs", "lxd",
	};

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (!strcmp(name, engines[i]))
			return true;
	return false;
}

static bool read_file(const char *pid, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

/*
 * Anybody may call a process so. /proc/PID belongs to root where a process is not dumpable, so it
 * does not tell whose the process is.
 */
static bool is_roots(const char *pid)
{
	static const char *const namespaces[] = { "pid", "user" };
	unsigned int real = 1, effective = 1;
	struct stat his, mine;
	char text[4096], *ids;
	char path[PATH_MAX];

	if (!read_file(pid, "status", text, sizeof(text)))
		return false;
	ids = strstr(text, "\nUid:");
	if (!ids || sscanf(ids, "\nUid: %u %u", &real, &effective) != 2 || real || effective)
		return false;
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, namespaces[i]);
		if (stat(path, &his))
			return false;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", namespaces[i]);
		if (stat(path, &mine) || his.st_ino != mine.st_ino || his.st_dev != mine.st_dev)
			return false;
	}
	return true;
}

static void check_environment(const char *pid, const char *name)
{
	static char text[1 << 17]; /* variables, each with a 0 behind it */

	if (!read_file(pid, "environ", text, sizeof(text)))
		return;
	for (const char *variable = text; *variable; variable += strlen(variable) + 1) {
		if (strncmp(variable, "CRIU_LIBS_DIR=", 14) &&
		    strncmp(variable, "CRIU_CONFIG_FILE=", 17))
			continue;
		finding_add(FINDING_NOTE, "plugin", "take it out of the service",
			    "process %s (%s) starts criu with %s", pid, name, variable);
	}
}

void doctor_check_services(void)
{
	const struct dirent *entry;
	DIR *processes = opendir("/proc");
	int error = processes ? 0 : errno;
	char name[32];

	for (errno = 0; processes && (entry = readdir(processes)); errno = 0) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    !read_file(entry->d_name, "comm", name, sizeof(name)))
			continue;
		name[strcspn(name, "\n")] = '\0';
		if (is_engine(name) && is_roots(entry->d_name))
			check_environment(entry->d_name, name);
	}
	error = processes ? errno : error;
	if (error)
		finding_add(FINDING_NOTE, "plugin", NULL,
			    "cannot list processes, to see which engine changes where criu looks "
			    "for plugins: /proc: %s",
			    strerror(error));
	if (processes)
		closedir(processes);
}
