/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells the service manager what the overseer does. */
#ifndef SYSGENID_NOTIFY_H
#define SYSGENID_NOTIFY_H

/* Sends @text to systemd, if systemd started this process. Says on stderr if that fails. */
void tool_notify(const char *text);

#endif
