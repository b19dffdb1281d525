/* SPDX-License-Identifier: GPL-2.0-only */
/* The counter files of a node; sysgenid-hook makes one for each container. */
#ifndef SYSGENID_COUNTERFILES_H
#define SYSGENID_COUNTERFILES_H

#include <stdbool.h>
#include <stdint.h>

bool tool_counterfiles_exist(void);

/*
 * Moves the generation in the counter file of @container, or in all if @container is NULL. Returns
 * an exit status after saying what is wrong; *@generation is the highest generation reached.
 */
int tool_counterfiles_trigger(const char *container, uint32_t min, uint32_t *generation);

/*
 * Calls @handle for each counter file, by name. Returns how many cannot be read, or are none, after
 * saying so.
 */
unsigned int tool_counterfiles_each(void (*handle)(const char *name, uint32_t generation));

/* Prints the generation in each counter file. Returns an exit status after saying what is wrong. */
int tool_counterfiles_status(bool json);

#endif
