/* SPDX-License-Identifier: GPL-2.0-only */
/* The criu programs of this machine, and where each looks for its plugins. */
#ifndef SYSGENID_DOCTOR_CRIU_H
#define SYSGENID_DOCTOR_CRIU_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define CRIU_MAX 8

struct criu {
	char path[PATH_MAX];
	char version[32];
	unsigned int hooks;    /* how many a plugin may have; 0: unknown */
	char libdir[PATH_MAX]; /* where it looks when nobody tells it otherwise */
};

struct criu_list {
	size_t n;
	struct criu criu[CRIU_MAX]; /* in the order of PATH: the first is the one that is run */
};

/* How many hooks a criu has, from its ELF file; 0: it does not say. */
unsigned int criu_hooks_in(const char *path);

/* Finds them, asks each for its version, and says what there is to say about it. */
void criu_find(struct criu_list *list);

/* Who starts criu, and with which configuration. */
struct criu_caller {
	char name[256];	       /* "a command line", "runc", "crun", "container ID" */
	char config[PATH_MAX]; /* the file that criu reads last for it; "": none */
};

#define CALLERS_MAX 64

struct criu_callers {
	size_t n;
	struct criu_caller caller[CALLERS_MAX];
};

/* @config: another file to be looked at, or NULL. */
void criu_callers_find(struct criu_callers *callers, const char *config);

/*
 * What the criu of such a caller uses as the directory of its plugins, and which file or variable
 * says so.
 */
void criu_libdir(const struct criu *criu, const struct criu_caller *caller, char libdir[PATH_MAX],
		 char source[PATH_MAX]);

#endif
