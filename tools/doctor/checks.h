/* SPDX-License-Identifier: GPL-2.0-only */
/* What sysgenid doctor checks, one function for each subject. Each function adds its findings. */
#ifndef SYSGENID_DOCTOR_CHECKS_H
#define SYSGENID_DOCTOR_CHECKS_H

#include "criu.h"

void doctor_check_module(void);
void doctor_check_twice(void);
void doctor_check_device(void);
void doctor_check_files(void);
void doctor_check_vmclock(void);
void doctor_check_plugin(const struct criu_list *list, const struct criu_callers *callers);
void doctor_check_services(void);
void doctor_check_hook(void);
void doctor_check_engines(void);

/* Dumps and restores a small process with each criu, as each caller would. */
void doctor_check_live(const struct criu_list *list, const struct criu_callers *callers);

#endif
