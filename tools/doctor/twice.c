// SPDX-License-Identifier: GPL-2.0-only
/* What is installed twice, by a package and by "make install", or in two versions. */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checks.h"
#include "../base/finding.h"

#define LIBRARY "libsysgenid.so.0"

static void check_command(void)
{
	static const char local[] = "/usr/local/bin/sysgenid", packaged[] = "/usr/bin/sysgenid";
	struct stat a, b;

	if (!stat(local, &a) && !stat(packaged, &b) && a.st_ino != b.st_ino)
		finding_add(FINDING_NOTE, "installed",
			    "remove one of the two, with all that was installed together with it",
			    "twice: %s is of 'make install', %s of a package", local, packaged);
}

/* The places in which programs may find the library, each file once. */
static size_t find_libraries(char found[2][PATH_MAX])
{
	static const char *const places[] = {
		"/usr/local/lib/" LIBRARY, "/usr/local/lib/*/" LIBRARY, "/usr/local/lib64/" LIBRARY,
		"/usr/lib/" LIBRARY,	   "/usr/lib/*/" LIBRARY,	"/usr/lib64/" LIBRARY,
	};
	glob_t list = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		glob(places[i], i ? GLOB_APPEND : 0, NULL, &list);
	for (size_t i = 0; i < list.gl_pathc && n < 2; i++)
		if (realpath(list.gl_pathv[i], found[n]) && (!n || strcmp(found[0], found[1])))
			n++;
	globfree(&list);
	return n;
}

static void check_library(void)
{
	static char found[2][PATH_MAX];
	const char *first, *second;
	bool same;

	if (find_libraries(found) < 2)
		return;
	first = strrchr(found[0], '/');
	second = strrchr(found[1], '/');
	same = !strcmp(first, second);
	finding_add(same ? FINDING_NOTE : FINDING_PROBLEM, "library",
		    "remove the one that is not wanted, and run 'ldconfig'",
		    "%s and %s: programs get one or the other%s", found[0], found[1],
		    same ? "" : ", of two versions");
}

void doctor_check_twice(void)
{
	check_command();
	check_library();
}
