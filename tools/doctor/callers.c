// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who starts criu here: a person, runc and crun, and what the annotations of this machine's
 * containers change.
 */
#include "criu.h"

#include <glob.h>
#include <json_object.h>
#include <json_util.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs.h"
#include "../base/finding.h"

#define ANNOTATION "org.criu.config"
#define CRUN_CONFIG "/etc/criu/crun.conf"
#define STATE_MAX (4 << 20) /* bytes; a larger file is left out */
#define CONTAINERS_MAX 1000
#define REPORTED_MAX 20 /* containers with an annotation */

static void add(struct criu_callers *callers, const char *name, const char *config)
{
	struct criu_caller *caller = &callers->caller[callers->n];

	if (callers->n == CALLERS_MAX)
		return;
	for (size_t i = 0; config[0] && i < callers->n; i++)
		if (!strcmp(callers->caller[i].config, config))
			return;
	snprintf(caller->name, sizeof(caller->name), "%s", name);
	snprintf(caller->config, sizeof(caller->config), "%s", config);
	callers->n++;
}

static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value;

	return json_object_is_type(object, json_type_object) &&
			       json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, type)
		       ? value
		       : NULL;
}

/* An OCI configuration has {"annotations": {"org.criu.config": FILE}}. */
static const char *in_configuration(struct json_object *file)
{
	struct json_object *value =
		member(member(file, "annotations", json_type_object), ANNOTATION, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

/* runc's state has {"config": {"labels": ["org.criu.config=FILE"]}}. */
static const char *in_state(struct json_object *file)
{
	struct json_object *labels =
		member(member(file, "config", json_type_object), "labels", json_type_array);

	for (size_t i = 0; labels && i < json_object_array_length(labels); i++) {
		const char *label = json_object_get_string(json_object_array_get_idx(labels, i));

		if (label && !strncmp(label, ANNOTATION "=", sizeof(ANNOTATION)))
			return label + sizeof(ANNOTATION);
	}
	return NULL;
}

/* The container's ID is the name of the folder; podman has one in between. */
static void name_container(const char *path, char *name, size_t size)
{
	const char *end = strrchr(path, '/'), *start;

	if (end - path > 9 && !strncmp(end - 9, "/userdata", 9))
		end -= 9;
	for (start = end; start > path && start[-1] != '/'; start--)
		;
	snprintf(name, size, "container %.*s", (int)(end - start), start);
}

static void look_for_config(const char *path, void *context)
{
	bool *told = context;

	*told |= file_has(path, CRUN_CONFIG);
}

/* The crun of Debian 13 has criu read no file; one that does has the file's name in its program. */
static bool crun_has_config(void)
{
	bool told = false;

	each_program("crun", look_for_config, &told);
	return told;
}

/* A container that crun runs has a folder there. */
static bool crun_runs(const char *container)
{
	char folder[300];

	snprintf(folder, sizeof(folder), "/run/crun/%s", container);
	return !access(folder, F_OK);
}

/*
 * The file that an annotation names is not even opened, and nothing that it names is looked at: an
 * annotation gets into a container's configuration by whoever starts it, in a cluster by whoever
 * may make pods; a container's own root file system is a folder of root's on this machine; and
 * reading from a file of the kernel's may be an act, or never end.
 */
static void report_annotation(const char *container, const char *config)
{
	finding_add(FINDING_PROBLEM, "plugin",
		    "take out the annotation " ANNOTATION ", unless you know what is in that file",
		    "%s, which criu reads for %s, may make it look for plugins elsewhere, and run "
		    "programs as root: whoever made the container chose it, so it was not read",
		    config, container);
}

/*
 * Reports the file that an annotation names, and returns whether there is one. @crun: it hands the
 * file to criu.
 */
static bool look_into(const char *path, bool crun, bool report)
{
	struct json_object *file;
	const char *config;
	struct stat status;
	char name[256];
	bool found;

	if (stat(path, &status) || !S_ISREG(status.st_mode) || status.st_size > STATE_MAX)
		return false;
	file = json_object_from_file(path);
	config = in_configuration(file);
	if (!config)
		config = in_state(file);
	name_container(path, name, sizeof(name));
	found = config && config[0] && (crun || !crun_runs(name + strlen("container ")));
	if (found && report)
		report_annotation(name, config);
	json_object_put(file);
	return found;
}

static void look_into_all(const glob_t *containers, bool crun)
{
	const size_t n = containers->gl_pathc;
	const size_t left = n > CONTAINERS_MAX ? n - CONTAINERS_MAX : 0;
	size_t reported = 0, more = 0;

	for (size_t i = 0; i < n - left; i++) {
		if (!look_into(containers->gl_pathv[i], crun, reported < REPORTED_MAX))
			continue;
		if (reported < REPORTED_MAX)
			reported++;
		else
			more++;
	}
	if (more || left)
		finding_add(FINDING_PROBLEM, "plugin",
			    "take out the annotation, unless you know what is in those files",
			    "%zu more containers have the annotation " ANNOTATION
			    ", and %zu were not looked at",
			    more, left);
}

void criu_callers_find(struct criu_callers *callers, const char *config)
{
	static const char *const containers[] = {
		"/run/runc/*/state.json",
		"/run/containerd/runc/*/*/state.json",
		"/run/docker/runtime-runc/*/*/state.json",
		"/var/lib/containers/storage/overlay-containers/*/userdata/config.json",
		"/run/containers/storage/overlay-containers/*/userdata/config.json",
	};
	bool crun = crun_has_config();
	glob_t found = { 0 };

	callers->n = 0;
	add(callers, "a command line", "");
	add(callers, "runc", "/etc/criu/runc.conf");
	if (crun)
		add(callers, "crun", CRUN_CONFIG);
	if (config)
		add(callers, "--config", config);
	(void)glob(crun ? "/run/crun/*/config.json" : "", 0, NULL, &found);
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++)
		(void)glob(containers[i], GLOB_APPEND, NULL, &found);
	look_into_all(&found, crun);
	globfree(&found);
}
