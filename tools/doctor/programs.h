/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs of a name that people and services could start, and what is asked of files. */
#ifndef SYSGENID_DOCTOR_PROGRAMS_H
#define SYSGENID_DOCTOR_PROGRAMS_H

#include <stdbool.h>

/* Calls @found with each path, in the order of PATH and then of services; one may come twice. */
void each_program(const char *name, void (*found)(const char *path, void *context), void *context);

/*
 * Is there a file of that name? A link to nowhere is one, and so is a file that cannot be looked
 * at; who reads it says why.
 */
bool file_is_there(const char *path);

/* Returns whether a file has this text in it; false if it cannot be read, or has over 256 MB. */
bool file_has(const char *path, const char *text);

#endif
