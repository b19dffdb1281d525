/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of sysgenid-hook, which container runtimes start. */
#ifndef SYSGENID_HOOK_HOOK_H
#define SYSGENID_HOOK_HOOK_H

#define HOOK_NODE "node" /* the counter that all containers of a node can share */
#define HOOK_NAME_MAX 255

/* hooks.json names them, too: engines start the hook only for these. */
#define HOOK_ANNOTATION "dev.sysgenid.counter"
#define HOOK_ANNOTATION_VIEW "dev.sysgenid.vmclock"
#define HOOK_ANNOTATION_WAIT "dev.sysgenid.wait-ms"

/* Prints one line on stderr. Returns the exit status of a failure. */
int hook_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
