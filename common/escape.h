/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes text that others have chosen, such as paths and names of a container, fit for a log or a
 * terminal.
 */
#ifndef SYSGENID_ESCAPE_H
#define SYSGENID_ESCAPE_H

#include <stdbool.h>

#define SYSGENID_ESCAPE_MAX                                                                        \
	1500 /* bytes of a longer text that are kept: its beginning and its end */
#define SYSGENID_ESCAPE_SIZE (4 * SYSGENID_ESCAPE_MAX + 1)

/*
 * Makes one line of printable text. Backslashes, control characters, characters that are invisible
 * or change the direction of writing, and bytes that are not UTF-8 are replaced by \xNN. So no text
 * can end its line, forge another one or send commands to a terminal. The middle of a long text is
 * replaced by "[...]": what a message says behind a path stays.
 */
void sysgenid_escape(const char *text, char escaped[SYSGENID_ESCAPE_SIZE]);

bool sysgenid_is_utf8(const char *text);

#endif
