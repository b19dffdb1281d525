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
	char libdir[PATH_MAX]; /* where criu looks if nothing is configured */
};

struct criu_list {
	size_t n;
	struct criu criu[CRIU_MAX]; /* in the order of PATH: callers run the first */
};

/* Returns the number of hooks of a criu, from its ELF file; 0: the file does not tell. */
unsigned int criu_hooks_in(const char *path);

/* Finds all criu programs, asks each for its version, and adds findings. */
void criu_find(struct criu_list *list);

/* Who starts criu, and with which configuration. */
struct criu_caller {
	char name[256];	       /* "a command line", "runc", "crun", "--config" */
	char config[PATH_MAX]; /* the file that criu reads last for this caller; "": none */
};

#define CALLERS_MAX 64

struct criu_callers {
	size_t n;
	struct criu_caller caller[CALLERS_MAX];
};

/* @config: another configuration file to check, or NULL. */
void criu_callers_find(struct criu_callers *callers, const char *config);

/*
 * Returns the plugin directory that criu uses when this caller starts it, and which file or
 * variable sets that directory.
 */
void criu_libdir(const struct criu *criu, const struct criu_caller *caller, char libdir[PATH_MAX],
		 char source[PATH_MAX]);

#endif
