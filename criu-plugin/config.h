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
	bool faulty;	 /* there is something in the file that nobody understood */
	bool unreadable; /* there may be a file, and nobody knows what it says */
};

/*
 * Fills in config; never fails. What it cannot use it warns of and leaves at its default. A file
 * that others than root can change is not used at all.
 */
void sysgenid_config_read(const char *path, struct sysgenid_config *config);

/* The part that is text, which it changes; there is room for a byte behind it. name is for the messages. */
void sysgenid_config_parse(char *text, size_t size, const char *name,
			   struct sysgenid_config *config);

#endif
