/* SPDX-License-Identifier: GPL-2.0-only */
/* What bump-after-dump = yes does. */
#ifndef SYSGENID_RESUME_H
#define SYSGENID_RESUME_H

#include "device.h"
#include "inspect.h"

/*
 * Begins a new generation for tasks that were dumped and may go on: in their counter files, and in
 * the module's counter if there is a module. The tasks are still stopped. Logs what cannot be done:
 * the dump is complete, and is good.
 */
void sysgenid_resume(const struct sysgenid_findings *findings, struct sysgenid_device *device);

#endif
