/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks of a restore. Each function returns what criu expects from that hook. */
#ifndef SYSGENID_RESTORE_H
#define SYSGENID_RESTORE_H

#include <stdint.h>

#include "config.h"

/* Returns 0, or -1 after logging: the restore is refused. */
int sysgenid_restore_init(const struct sysgenid_config *config);
void sysgenid_restore_leave(void);

int sysgenid_restore_ext_file(int id);
int sysgenid_restore_update_vma(const char *path, uint64_t address, uint64_t old_offset,
				uint64_t *new_offset, int *fd);
int sysgenid_restore_resume_late(int pid);

#endif
