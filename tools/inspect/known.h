/* SPDX-License-Identifier: GPL-2.0-only */
/* Libraries and runtimes that keep a random generator in the process. */
#ifndef SYSGENID_INSPECT_KNOWN_H
#define SYSGENID_INSPECT_KNOWN_H

#include "process.h"

/* Adds a finding for each that the process has. */
void inspect_libraries(const struct inspected *process);
void inspect_runtimes(const struct inspected *process);

#endif
