/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of sysgenid-hook, which container runtimes start. */
#ifndef SYSGENID_HOOK_H
#define SYSGENID_HOOK_H

#include <json_object.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <cleanup.h>
#include <counterfile-page.h>

#define HOOK_NODE "node" /* the counter that all containers of a node can share */
#define HOOK_NAME_MAX 255

#define HOOK_ANNOTATION "dev.sysgenid.counter"
#define HOOK_ANNOTATION_WAIT "dev.sysgenid.wait-ms"

static inline void hook_put(struct json_object **object)
{
	json_object_put(*object);
}

#define cleanup_json __attribute__((cleanup(hook_put)))

/* main.c: one line on stderr; returns the exit status of a failure */
int hook_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* input.c */

/* Reads one JSON object from @fd, with limits on size, depth and time. NULL: it has been said why not. */
struct json_object *hook_read_object(int fd, const char *what);

/* A string in an object, or NULL. */
const char *hook_string(struct json_object *object, const char *key);

/* An annotation of a state or of a configuration, or NULL. */
const char *hook_annotation(struct json_object *object, const char *key);

/* Can it be the name of a folder of ours? Container IDs come from outside. */
bool hook_name_is_good(const char *name);

/* counter.c. Each returns 0 or -errno. */

/* Makes the counter called @name unless it is there. -ENOTTY: what is there is none. */
int hook_counter_make(const char *name);

/*
 * Removes the one called @name, if not NULL, and, with @stale, those that are an hour old, but kept ones and the node's.
 * -EBUSY: some are mounted and stay; -EACCES: nobody can know, and all stay. This process may be in another mount
 * namespace afterwards.
 */
int hook_counter_remove(const char *name, bool stale);

/* Lets it stay until somebody removes it by name. */
int hook_counter_keep(const char *name);

/* Is the module there, and the device node what it says? Else *@why is a sentence. */
bool hook_device_is_good(dev_t *device, const char **why);

/* mounted.c */
struct hook_counters {
	struct {
		char name[HOOK_NAME_MAX + 1];
		bool mounted;
	} * list;
	size_t n;
};

/*
 * Marks those that are mounted in a mount namespace of any task. 0, or -EACCES: there may be others. This process is
 * in another mount namespace afterwards: it must go on with the folders that it has open.
 */
int hook_mark_mounted(int registry, struct hook_counters *counters);

/* An error of counter.c in words. */
const char *hook_reason(int error);

/* stages.c: the exit status */
int hook_precreate(struct json_object *config);
int hook_create_runtime(struct json_object *state);
int hook_poststart(struct json_object *state);
int hook_poststop(struct json_object *state);

/* watchers.c: until no tracked watcher in the PID namespace of @pid is outdated. 0 or -errno; -ETIME */
int hook_wait_watchers(pid_t pid, uint32_t limit_ms);

#endif
