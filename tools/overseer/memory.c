// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening the device acknowledges the present generation. Without this file nobody would know that
 * an overseer was killed amid its scripts.
 */
#include "memory.h"

#include "../base/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/run/sysgenid"
#define MEMORY FOLDER "/overseer"

/* Another boot, or another container that has the same /run, has another counter. */
static bool identify(char *text, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct stat domain;
	char boot[40] = "";

	if (file) {
		if (fscanf(file, "%39s", boot) != 1)
			boot[0] = '\0';
		fclose(file);
	}
	return *boot && !stat("/proc/self/ns/pid", &domain) &&
	       snprintf(text, size, "%s %llu", boot, (unsigned long long)domain.st_ino) < (int)size;
}

bool overseer_recall(uint32_t *generation)
{
	char here[80], boot[40], domain[24], there[80];
	FILE *file = fopen(MEMORY, "re");
	bool known = file && fscanf(file, "%39s %23s %u", boot, domain, generation) == 3;

	if (file)
		fclose(file);
	snprintf(there, sizeof(there), "%s %s", known ? boot : "", known ? domain : "");
	return known && identify(here, sizeof(here)) && !strcmp(here, there);
}

static int write_file(const char *path, const char *identity, uint32_t generation)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int error = 0;

	if (fd < 0)
		return errno;
	if (dprintf(fd, "%s %u\n", identity, generation) < 0)
		error = errno;
	close(fd);
	/* Rename atomically: an overseer that is killed before leaves the old file. */
	if (!error && rename(path, MEMORY))
		error = errno;
	return error;
}

void overseer_remember(uint32_t generation)
{
	static const char path[] = MEMORY ".new";
	char identity[80];
	int error;

	if (!identify(identity, sizeof(identity)))
		return;
	error = mkdir(FOLDER, 0755) && errno != EEXIST ? errno
						       : write_file(path, identity, generation);
	if (error)
		tool_say("cannot write " MEMORY ": %s: if this overseer is killed at work, "
			 "the next one will not do the rest",
			 strerror(error));
}
