// SPDX-License-Identifier: GPL-2.0-only
/* Checks whether the plugin is where each criu looks for it, and whether criu can load it. */
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../criu-plugin/base/criu_abi.h"

#include "checks.h"
#include "programs.h"
#include "../base/finding.h"

#ifndef CRIU_LIBDIR
#define CRIU_LIBDIR "/usr/lib/criu"
#endif
#define PLUGIN "sysgenid_plugin.so"
#define CHECKED_MAX 16

/* Findings are not repeated for the next runtime. */
struct said {
	size_t n;
	struct {
		char path[PATH_MAX], source[PATH_MAX];
	} list[CHECKED_MAX];
};

static bool say_once(struct said *said, const char *path, const char *source)
{
	for (size_t i = 0; i < said->n; i++)
		if (!strcmp(said->list[i].path, path) && !strcmp(said->list[i].source, source))
			return false;
	if (said->n == CHECKED_MAX)
		return false;
	snprintf(said->list[said->n].path, PATH_MAX, "%s", path);
	snprintf(said->list[said->n++].source, PATH_MAX, "%s", source);
	return true;
}

/* The word size and the processor that an ELF file is for. */
static bool read_machine(const char *path, Elf64_Half *machine, unsigned char *class)
{
	Elf64_Ehdr header; /* its beginning is the same in 32-bit files */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && read(fd, &header, sizeof(header)) == sizeof(header) &&
		    !memcmp(header.e_ident, ELFMAG, SELFMAG);

	if (fd >= 0)
		close(fd);
	if (good) {
		*machine = header.e_machine;
		*class = header.e_ident[EI_CLASS];
	}
	return good;
}

static bool is_for(const char *plugin, const char *criu)
{
	Elf64_Half machines[2];
	unsigned char classes[2];

	return !read_machine(plugin, &machines[0], &classes[0]) ||
	       !read_machine(criu, &machines[1], &classes[1]) ||
	       (machines[0] == machines[1] && classes[0] == classes[1]);
}

/* Root's, and nobody else can write it. */
static bool is_closed(const char *path)
{
	struct stat status;

	return !stat(path, &status) && !status.st_uid && !(status.st_mode & (S_IWGRP | S_IWOTH));
}

/*
 * Whether only root can put another folder, or link, in the place of one of those that @path names.
 * In a sticky one nobody can do that to what is root's. The group of /usr/local is as good as root.
 */
static bool is_held(const char *path)
{
	char folder[PATH_MAX];
	struct stat status;

	snprintf(folder, sizeof(folder), "%s", path[0] == '/' ? "/" : ".");
	for (const char *end = path;; end++) {
		if (*end && *end != '/')
			continue;
		if (end > path)
			snprintf(folder, sizeof(folder), "%.*s", (int)(end - path), path);
		/* The last one is the file. */
		if (!*end)
			return true;
		if (stat(folder, &status) || status.st_uid ||
		    ((status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX)))
			return false;
	}
}

static bool is_closed_in(const char *path)
{
	char folder[PATH_MAX], *end;

	snprintf(folder, sizeof(folder), "%s", path);
	end = strrchr(folder, '/');
	if (end)
		*end = '\0';
	return is_closed(folder) && is_held(path);
}

/*
 * criu runs as root and loads this file: nobody else may be able to change it, or to put another
 * one in its place. That goes for the path as it is and for where its links lead to, @place; a link
 * on the way from one to the other is not looked at.
 */
static bool is_trusted(const char *path, char place[PATH_MAX])
{
	return realpath(path, place) && is_closed(place) && is_closed_in(path) &&
	       is_closed_in(place);
}

static void check_descriptor(const char *path, const struct criu_plugin_desc *plugin,
			     const struct criu *criu)
{
	if (!plugin || !plugin->name || strcmp(plugin->name, "sysgenid"))
		finding_add(FINDING_PROBLEM, "plugin", "install it anew", "%s is another plugin",
			    path);
	else if (criu && criu->hooks && plugin->max_hooks > criu->hooks)
		finding_add(FINDING_PROBLEM, "plugin", "install the one for this criu",
			    "%s has %u hooks and %s knows %u: every checkpoint and restore fails",
			    path, plugin->max_hooks, criu->path, criu->hooks);
	else
		finding_add(FINDING_GOOD, "plugin", NULL, "%s can be loaded", path);
}

/* @path: NULL if @why has it. */
static void cannot_load(const char *path, const char *why)
{
	finding_add(FINDING_PROBLEM, "plugin",
		    "install it anew, or remove it: no checkpoint and no restore works now",
		    "criu cannot load it: %s%s%s", path ? path : "", path ? ": " : "", why);
}

/* @criu: NULL if none is installed. */
static void check_file(const char *path, const struct criu *criu)
{
	char place[PATH_MAX];
	struct stat status;
	void *library;

	errno = 0;
	if (!file_is_there(path)) {
		finding_add(FINDING_PROBLEM, "plugin",
			    "install the package criu-plugin-sysgenid (or 'make install')",
			    "%s is missing: criu restores copies that do not know it", path);
		return;
	}
	if (stat(path, &status) || !S_ISREG(status.st_mode)) {
		cannot_load(path, errno ? strerror(errno) : "it is not a file");
		return;
	}
	if (!is_trusted(path, place)) {
		/* doctor runs as root, too, and loading the file would run its code. */
		finding_add(FINDING_PROBLEM, "plugin",
			    "chown root, and chmod go-w, the file and its directory",
			    "%s: others than root can write what criu runs as root", path);
		return;
	}
	if (criu && !is_for(path, criu->path)) {
		finding_add(
			FINDING_PROBLEM, "plugin",
			"install the one for this processor: no checkpoint and no restore works "
			"now",
			"%s is for another processor than %s: criu cannot load it", path,
			criu->path);
		return;
	}
	library = dlopen(place, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		cannot_load(NULL, dlerror());
		return;
	}
	check_descriptor(path, dlsym(library, "CR_PLUGIN_DESC"), criu);
	dlclose(library);
}

/*
 * Lists the other plugins that criu loads from this directory, as root, too. It makes no difference
 * whether they come before our plugin or after it.
 */
static void list_others(const char *libdir)
{
	DIR *folder = opendir(libdir);
	const struct dirent *entry;
	char path[PATH_MAX + 256], place[PATH_MAX];
	int error = folder ? 0 : errno;
	size_t size;

	for (errno = 0; folder && (entry = readdir(folder)); errno = 0) {
		size = strlen(entry->d_name);
		if (size < 3 || strcmp(entry->d_name + size - 3, ".so") ||
		    !strcmp(entry->d_name, PLUGIN))
			continue;
		snprintf(path, sizeof(path), "%s/%s", libdir, entry->d_name);
		if (is_trusted(path, place))
			finding_add(FINDING_GOOD, "plugin", NULL,
				    "criu loads %s, too; ours is asked first", path);
		else
			finding_add(FINDING_PROBLEM, "plugin",
				    "chown root, and chmod go-w, the file and its directory",
				    "%s: others than root can write what criu runs as root", path);
	}
	error = folder ? errno : error;
	if (error)
		finding_add(FINDING_NOTE, "plugin", "run doctor as root",
			    "cannot list criu's other plugins in %s: %s", libdir, strerror(error));
	if (folder)
		closedir(folder);
}

static void check_place(const struct criu *criu, const struct criu_caller *caller,
			struct said *said)
{
	char libdir[PATH_MAX], source[PATH_MAX], path[PATH_MAX + sizeof(PLUGIN)];
	size_t size;

	criu_libdir(criu, caller, libdir, source);
	/* "/usr/lib/criu/" and "/usr/lib/criu" are one place. */
	for (size = strlen(libdir); size > 1 && libdir[size - 1] == '/'; size--)
		libdir[size - 1] = '\0';
	snprintf(path, sizeof(path), "%s/" PLUGIN, libdir);
	if (file_is_there(path)) {
		if (say_once(said, path, criu->path))
			check_file(path, criu);
		if (say_once(said, libdir, ""))
			list_others(libdir);
		return;
	}
	if (!say_once(said, path, source))
		return;
	if (!strcmp(libdir, CRIU_LIBDIR))
		finding_add(FINDING_PROBLEM, "plugin",
			    "install the package criu-plugin-sysgenid (or 'make install')",
			    "%s is missing: criu restores copies that do not know it", path);
	else if (!strcmp(source, criu->path))
		finding_add(FINDING_PROBLEM, "plugin",
			    "put a link to " CRIU_LIBDIR "/" PLUGIN " there, too",
			    "%s looks for plugins in %s only", source, libdir);
	else
		finding_add(FINDING_PROBLEM, "plugin",
			    "remove the line, or put the plugin there, too",
			    "%s makes criu look for plugins in %s only (read for: %s)", source,
			    libdir, caller->name);
}

void doctor_check_plugin(const struct criu_list *list, const struct criu_callers *callers)
{
	static struct said said;

	if (!list->n)
		check_file(CRIU_LIBDIR "/" PLUGIN, NULL);
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = 0; k < callers->n; k++)
			check_place(&list->criu[i], &callers->caller[k], &said);
}
