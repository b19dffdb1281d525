/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done at each stage of a container's life. Each function returns the exit status. */
#ifndef SYSGENID_HOOK_STAGES_H
#define SYSGENID_HOOK_STAGES_H

#include <json_object.h>

int hook_precreate(struct json_object *config);
int hook_create_runtime(struct json_object *state);
int hook_poststart(struct json_object *state);
int hook_poststop(struct json_object *state);

#endif
