/* SPDX-License-Identifier: GPL-2.0-only */
/* The overseer's signals and children. */
#ifndef SYSGENID_SIGNALS_H
#define SYSGENID_SIGNALS_H

#include "overseer.h"

/* Blocks the signals. Returns a signalfd for them, or -errno. */
int overseer_catch_signals(void);

/*
 * Waits for children that have ended. @which is as for waitpid(): scripts are children too, and are
 * waited for elsewhere. If COMMAND has ended, sets the overseer's status.
 */
void overseer_reap(struct overseer *overseer, pid_t which);

/* Handles the signals that have come. Returns whether the overseer is to end. */
bool overseer_stops(struct overseer *overseer);

#endif
