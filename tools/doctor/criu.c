// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the criu programs. Engines run the first one in their PATH, which need not be the one
 * of the package.
 */
#include "criu.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../criu-plugin/base/criu_abi.h"

#include "ask.h"
#include "programs.h"
#include "../base/finding.h"

#define DEFAULT_LIBDIR "/usr/lib/criu"

static bool is_too_old(unsigned int major, unsigned int minor)
{
	return major < 3 || (major == 3 && minor < 17);
}

static bool is_program(const char *path)
{
	char magic[4] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && read(fd, magic, 4) == 4 && !memcmp(magic, "\177ELF", 4);

	if (fd >= 0)
		close(fd);
	return is;
}

/*
 * criu's help names the plugin directory that criu was built with. If it does not, the directory is
 * criu's usual one.
 */
static void ask_libdir(struct criu *criu, struct answer *answer)
{
	static const char before[] = "(by default ";
	char *line, *start = NULL;

	ask(answer, "asking criu where its plugins are",
	    (const char *const[]){ criu->path, "--help", NULL }, ASK_MS, false);
	line = line_with(answer->text, "--libdir");
	if (line)
		start = strstr(line, before);
	snprintf(criu->libdir, sizeof(criu->libdir), "%s", DEFAULT_LIBDIR);
	if (start)
		snprintf(criu->libdir, sizeof(criu->libdir), "%.*s",
			 (int)strcspn(start + strlen(before), ")"), start + strlen(before));
}

static void ask_version(struct criu *criu, struct answer *answer)
{
	unsigned int major, minor;
	const char *line;

	ask(answer, "asking criu for its version",
	    (const char *const[]){ criu->path, "--version", NULL }, ASK_MS, true);
	line = line_with(answer->text, "Version:");
	if (!line || sscanf(line, "Version: %u.%u", &major, &minor) != 2) {
		finding_add(
			FINDING_PROBLEM, "criu",
			answer->end == ASK_LATE
				? "try it by hand"
				: "run 'criu --version': a line in one of its configuration files "
				  "may be wrong",
			answer->end == ASK_LATE ? "%s did not say its version within %d s"
						: "%s does not say its version",
			criu->path, ASK_MS / 1000);
		return;
	}
	snprintf(criu->version, sizeof(criu->version), "%.*s",
		 (int)strcspn(line + strlen("Version: "), " \n"), line + strlen("Version: "));
	criu->hooks = criu_hooks_in(criu->path);
	if (is_too_old(major, minor))
		finding_add(FINDING_PROBLEM, "criu", "install 3.17 or newer",
			    "%s: version %s is too old for the plugin", criu->path, criu->version);
	else
		finding_add(
			FINDING_GOOD, "criu", NULL, "version %s in %s%s", criu->version, criu->path,
			major < 4 ? "; images do not name the plugins they need (4.1 and newer do)"
				  : "");
	if (criu->hooks > CRIU_HOOKS_4_3)
		finding_add(
			FINDING_NOTE, "criu",
			"look for a newer release of sysgenid; 'sysgenid doctor --live' tries this "
			"one",
			"%s has %u hooks and the plugin knows %d: it uses those that have been the "
			"same since criu 4.0",
			criu->path, criu->hooks, CRIU_HOOKS_4_3);
}

static void add(const char *path, void *context)
{
	struct criu_list *list = context;
	struct criu *criu = &list->criu[list->n];
	struct answer answer;

	if (list->n == CRIU_MAX || !realpath(path, criu->path))
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->criu[i].path, criu->path))
			return;
	list->n++;
	if (!is_program(criu->path))
		finding_add(FINDING_NOTE, "criu",
			    "read the script; 'sysgenid doctor --live' tries what it does",
			    "%s is a script and may give criu options such as --libdir",
			    criu->path);
	ask_version(criu, &answer);
	ask_libdir(criu, &answer);
}

void criu_find(struct criu_list *list)
{
	list->n = 0;
	each_program("criu", add, list);
	if (!list->n)
		finding_add(FINDING_NOTE, "criu",
			    "install criu to checkpoint and restore containers", "not installed");
	for (size_t i = 1; i < list->n; i++)
		finding_add(FINDING_NOTE, "criu", "remove the one that is not wanted",
			    "%s is another one: which is used depends on the PATH of who starts it",
			    list->criu[i].path);
}
