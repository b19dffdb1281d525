/* SPDX-License-Identifier: GPL-2.0-only */
/* sysgenid inspect */
#ifndef SYSGENID_INSPECT_H
#define SYSGENID_INSPECT_H

int tool_inspect(int argc, char **argv);

#endif
