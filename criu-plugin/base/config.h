/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plugin's switches. They are in a file, since container runtimes pass no environment to criu.
 */
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
	bool faulty; /* at least one line was ignored */
	/* The file or its folder cannot be read or trusted: what root has written is unknown. */
	bool unusable;
};

/*
 * Fills in config; never fails. A faulty line is ignored with a warning; if its key is strict,
 * strict is switched on. If the file cannot be read, or if users other than root can write the file
 * or its folder, no line is used, and config->unusable is set.
 */
void sysgenid_config_read(const char *path, struct sysgenid_config *config);

/*
 * Parses the file's text, and overwrites parts of the text. The buffer must have room for one byte
 * more than size. name: the file's name for messages.
 */
void sysgenid_config_parse(char *text, size_t size, const char *name,
			   struct sysgenid_config *config);

#endif
