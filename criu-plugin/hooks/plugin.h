/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the plugin share: one dump or one restore, in one criu process. */
#ifndef SYSGENID_PLUGIN_H
#define SYSGENID_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config.h"
#include "device.h"
#include "image.h"

#define SYSGENID_PLUGIN_NAME "sysgenid"

struct sysgenid_plugin {
	int stage;
	struct sysgenid_config config;
	SysgenidImage *image; /* NULL: there is none, or no memory for it */
	struct sysgenid_device device;
	bool reseeded; /* the kernel's generator, for this restore */
	bool doomed;   /* the restored tasks are being killed */
};

/* criu runs one dump or restore at a time and calls plugins from one thread only. */
extern struct sysgenid_plugin sysgenid_plugin;

/* dump.c */
void sysgenid_dump_init(void);
void sysgenid_dump_exit(int ret);
int sysgenid_dump_ext_file(int fd, int id);
int sysgenid_dump_device_vma(int fd, const struct stat *stat);
int sysgenid_dump_checkpoint_devices(int pid);

/* restore.c */
int sysgenid_restore_init(void);
int sysgenid_restore_ext_file(int id);
int sysgenid_restore_update_vma(const char *path, uint64_t address, uint64_t old_offset,
				uint64_t *new_offset, int *fd);
int sysgenid_restore_resume_late(int pid);

#endif
