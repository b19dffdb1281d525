/* SPDX-License-Identifier: GPL-2.0-only */
/* sysgenid quiesce and sysgenid unquiesce */
#ifndef SYSGENID_QUIESCE_H
#define SYSGENID_QUIESCE_H

int tool_quiesce(int argc, char **argv);

#endif
