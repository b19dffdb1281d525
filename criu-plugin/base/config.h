/* SPDX-License-Identifier: GPL-2.0-only */
/* The plugin's switches. A file, since container runtimes pass no environment to criu. */
#ifndef SYSGENID_CONFIG_H
#define SYSGENID_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#ifndef SYSGENID_CONF
#define SYSGENID_CONF "/etc/sysgenid/criu.conf"
#endif

struct sysgenid_config {
	bool strict;
	bool bump_after_dump;
	bool follow_any_mark;
	bool wipe_on_fork;
	bool faulty; /* there is something in the file that nobody understood */
	/* There may be a file, and nobody knows what root has written into it. */
	bool unusable;
};

/*
 * Fills in config; never fails. A line that cannot be used is ignored with a warning; if its key
 * is strict, strict is switched on. If others than root can change the file or its folder, the
 * file is not used at all, and config is unusable.
 */
void sysgenid_config_read(const char *path, struct sysgenid_config *config);

/*
 * Parses the file's text, which it changes; there must be room for one byte behind the text. name
 * is the file's name in messages.
 */
void sysgenid_config_parse(char *text, size_t size, const char *name,
			   struct sysgenid_config *config);

#endif
