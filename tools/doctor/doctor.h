/* SPDX-License-Identifier: GPL-2.0-only */
/* sysgenid doctor */
#ifndef SYSGENID_DOCTOR_H
#define SYSGENID_DOCTOR_H

int tool_doctor(int argc, char **argv);

#endif
