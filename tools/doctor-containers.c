// SPDX-License-Identifier: GPL-2.0-only
/* criu and its plugin, the hook and the CDI specification, container runtimes. */
#include "tool.h"

#include <dlfcn.h>
#include <json_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../criu-plugin/criu_abi.h"

#include "doctor.h"

#ifndef CRIU_LIBDIR
#define CRIU_LIBDIR "/usr/lib/criu"
#endif
#define PLUGIN CRIU_LIBDIR "/sysgenid_plugin.so"
#define CRIU_CONF "/etc/criu/default.conf"
#define HOOKS_DIR "/usr/share/containers/oci/hooks.d"

/* All that a command prints, at most @size - 1 bytes. False: there is no such command, or it failed. */
static bool ask_command(const char *command, char *answer, size_t size)
{
	FILE *pipe = popen(command, "re");
	size_t used = 0;

	answer[0] = '\0';
	if (!pipe)
		return false;
	used = fread(answer, 1, size - 1, pipe);
	answer[used] = '\0';
	return pclose(pipe) == 0 && used;
}

/* The first line that has @part, without its end; NULL: none. */
static char *line_with(char *text, const char *part)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, part))
			return line;
	return NULL;
}

/* How many hooks the criu of this machine knows, by its version; 0: too old. */
static unsigned int hooks_of(unsigned int major, unsigned int minor)
{
	if (major < 3 || (major == 3 && minor < 17))
		return 0;
	return major == 3 ? CRIU_HOOKS_3_17 : CRIU_HOOKS_4_0;
}

static void check_libdir(void)
{
	char line[512], word[512];
	FILE *file = fopen(CRIU_CONF, "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " libdir %511s", word) == 1 && strcmp(word, CRIU_LIBDIR))
			doctor_find(FINDING_PROBLEM, "plugin",
				    "remove the line, or put the plugin there, too",
				    CRIU_CONF " makes criu look for plugins in %s only", word);
	if (file)
		fclose(file);
	if (getenv("CRIU_LIBS_DIR"))
		doctor_find(FINDING_NOTE, "plugin", "unset it, for services too",
			    "CRIU_LIBS_DIR=%s makes criu look for plugins there only",
			    getenv("CRIU_LIBS_DIR"));
}

static void check_plugin(unsigned int hooks)
{
	struct criu_plugin_desc *plugin;
	struct stat stat_buf;
	void *library;

	if (stat(PLUGIN, &stat_buf)) {
		doctor_find(FINDING_PROBLEM, "plugin", "install it ('make install')",
			    PLUGIN " is missing: criu restores copies that do not know it");
		return;
	}
	if (stat_buf.st_uid || stat_buf.st_mode & (S_IWGRP | S_IWOTH)) {
		/* We are root, too, and loading it would run it. */
		doctor_find(FINDING_PROBLEM, "plugin", "chown root " PLUGIN "; chmod 755 " PLUGIN,
			    "others than root can write what criu runs as root");
		return;
	}
	library = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		doctor_find(FINDING_PROBLEM, "plugin",
			    "install it anew, or remove it: no checkpoint and no restore works now",
			    "criu cannot load it: %s", dlerror());
		return;
	}
	plugin = dlsym(library, "CR_PLUGIN_DESC");
	if (!plugin || !plugin->name || strcmp(plugin->name, "sysgenid"))
		doctor_find(FINDING_PROBLEM, "plugin", "install it anew",
			    PLUGIN " is another plugin");
	else if (plugin->max_hooks > hooks)
		doctor_find(FINDING_PROBLEM, "plugin", "install the one for this criu",
			    "it has %u hooks and criu knows %u: every checkpoint and restore fails",
			    plugin->max_hooks, hooks);
	else
		doctor_find(FINDING_GOOD, "plugin", NULL, PLUGIN " can be loaded, %u hooks",
			    plugin->max_hooks);
	dlclose(library);
}

void doctor_check_plugin(void)
{
	unsigned int major, minor, hooks;
	char answer[512];

	if (!ask_command("criu --version 2>/dev/null", answer, sizeof(answer)) ||
	    sscanf(answer, "Version: %u.%u", &major, &minor) != 2) {
		doctor_find(FINDING_NOTE, "criu",
			    "install criu to checkpoint and restore containers", "not installed");
		check_plugin(CRIU_HOOKS_4_0);
		return;
	}
	hooks = hooks_of(major, minor);
	if (!hooks)
		doctor_find(FINDING_PROBLEM, "criu", "install 3.17 or newer",
			    "version %u.%u is too old for the plugin", major, minor);
	else
		doctor_find(
			FINDING_GOOD, "criu", NULL, "version %u.%u%s", major, minor,
			major < 4 ? "; images do not name the plugins they need (4.1 and newer do)"
				  : "");
	check_libdir();
	check_plugin(hooks);
}

static bool is_string(struct json_object *object, const char *key, struct json_object **value)
{
	return object && json_object_object_get_ex(object, key, value) &&
	       json_object_is_type(*value, json_type_string);
}

/* The program that a hooks.d file names. */
static bool hook_of(const char *path, char *hook, size_t size)
{
	struct json_object *file = json_object_from_file(path), *value = NULL;
	bool found = file && json_object_object_get_ex(file, "hook", &value) &&
		     is_string(value, "path", &value) &&
		     snprintf(hook, size, "%s", json_object_get_string(value)) < (int)size;

	json_object_put(file);
	return found;
}

static void check_cdi(void)
{
	static const char *const places[] = { "/etc/cdi/sysgenid.json", "/run/cdi/sysgenid.json" };
	static const char advice[] = "install it ('make install')";

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct json_object *file, *kind;
		bool good;

		if (access(places[i], F_OK))
			continue;
		file = json_object_from_file(places[i]);
		good = is_string(file, "kind", &kind) &&
		       !strcmp(json_object_get_string(kind), "sysgenid.dev/counter");
		json_object_put(file);
		doctor_find(good ? FINDING_GOOD : FINDING_PROBLEM, "cdi", good ? NULL : advice,
			    good ? "%s: sysgenid.dev/counter=device and =file" : "%s is damaged",
			    places[i]);
		return;
	}
	doctor_find(FINDING_NOTE, "cdi", advice, "no specification for sysgenid.dev/counter");
}

void doctor_check_hook(void)
{
	char hook[512];

	if (access(HOOKS_DIR "/10-sysgenid-precreate.json", F_OK))
		doctor_find(FINDING_NOTE, "hook", "install it ('make install')",
			    "no hook in " HOOKS_DIR
			    ": the annotation dev.sysgenid.counter does nothing");
	else if (!hook_of(HOOKS_DIR "/10-sysgenid-precreate.json", hook, sizeof(hook)) ||
		 access(hook, X_OK))
		doctor_find(FINDING_PROBLEM, "hook",
			    "install it anew: containers that ask for it "
			    "cannot be started",
			    HOOKS_DIR "/10-sysgenid-*.json name a program that cannot be run");
	else
		doctor_find(FINDING_GOOD, "hook", NULL, "%s", hook);
	check_cdi();
}

static void check_crun(void)
{
	char answer[2048], version[256];

	if (!ask_command("crun --version 2>/dev/null", answer, sizeof(answer)))
		return;
	snprintf(version, sizeof(version), "%.*s", (int)strcspn(answer, "\n"), answer);
	if (strstr(answer, "+CRIU"))
		doctor_find(FINDING_GOOD, "crun", NULL, "%s: checkpoints and restores", version);
	else
		doctor_find(FINDING_NOTE, "crun",
			    "use runc ('podman --runtime runc', at start already)",
			    "%s: built without criu, cannot checkpoint", version);
}

void doctor_check_runtimes(void)
{
	static const struct {
		const char *name, *command, *can;
	} engines[] = {
		{ "runc", "runc --version 2>/dev/null",
		  "checkpoints and restores; copies land in the cgroup of the original" },
		{ "podman", "podman --version 2>/dev/null",
		  "exports and imports checkpoints, as root only; CDI and hooks are read at "
		  "create" },
		{ "crio", "crio --version 2>/dev/null", "not tried by this project's tests" },
		{ "containerd", "containerd --version 2>/dev/null",
		  "not tried by this project's tests; CDI is off by default before 2.0" },
	};
	unsigned int found = 0;
	char answer[2048];

	check_crun();
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		char *line;

		if (!ask_command(engines[i].command, answer, sizeof(answer)))
			continue;
		line = line_with(answer, "ersion");
		doctor_find(FINDING_GOOD, engines[i].name, NULL, "%s: %s",
			    line ? line : "unknown version", engines[i].can);
		found++;
	}
	if (!found)
		doctor_find(FINDING_NOTE, "runtimes",
			    "install runc or podman to restore containers",
			    "no container engine is installed");
}
