// SPDX-License-Identifier: GPL-2.0-only
/* Checks the variables of running engines, which they pass on to criu. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

static void check_environment(const char *pid, const char *name)
{
	static char text[1 << 17]; /* variables, each with a 0 behind it */

	if (!read_file(pid, "environ", text, sizeof(text)))
		return;
	for (const char *variable = text; *variable; variable += strlen(variable) + 1) {
		if (strncmp(variable, "CRIU_LIBS_DIR=", 14) &&
		    strncmp(variable, "CRIU_CONFIG_FILE=", 17))
			continue;
		finding_add(
			FINDING_NOTE, "plugin",
			"run 'sysgenid doctor --live' with the same variable, or take it out of "
			"the service",
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
		if (is_engine(name))
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
