/* SPDX-License-Identifier: GPL-2.0-only */
/* What the overseer does after a change of the generation. */
#ifndef SYSGENID_ADAPT_H
#define SYSGENID_ADAPT_H

#include "overseer.h"

/*
 * Does what is to be done after a change, reports it, and acknowledges the generation. Leaves the
 * rest undone if the overseer is to end. Returns an exit status.
 */
int overseer_adapt(struct overseer *overseer);

#endif
