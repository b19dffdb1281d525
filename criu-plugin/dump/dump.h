/* SPDX-License-Identifier: GPL-2.0-only */
/* What the plugin does in each hook of a dump; each returns what criu expects of that hook. */
#ifndef SYSGENID_DUMP_H
#define SYSGENID_DUMP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "config.h"

/* stage: CRIU_STAGE_DUMP or CRIU_STAGE_PRE_DUMP */
int sysgenid_dump_init(int stage, const struct sysgenid_config *config);

int sysgenid_dump_ext_file(int fd, int id);
int sysgenid_dump_device_vma(int fd, const struct stat *stat);
int sysgenid_dump_checkpoint_devices(int pid, bool may_run);

/* first: criu has asked this plugin before all others; if not, the image is made useless. */
void sysgenid_dump_exit(int ret, bool first);
void sysgenid_dump_leave(void);

#endif
