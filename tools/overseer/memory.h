/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an overseer leaves to the next one of this boot and PID namespace: the generation up to
 * which the work is done.
 */
#ifndef SYSGENID_MEMORY_H
#define SYSGENID_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Returns false if there was no overseer before this one. */
bool overseer_recall(uint32_t *generation);
void overseer_remember(uint32_t generation);

#endif
