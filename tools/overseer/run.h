/* SPDX-License-Identifier: GPL-2.0-only */
/* sysgenid run */
#ifndef SYSGENID_RUN_H
#define SYSGENID_RUN_H

int tool_run(int argc, char **argv);

#endif
