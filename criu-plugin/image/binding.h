/* SPDX-License-Identifier: GPL-2.0-only */
/* Binds sysgenid.img to the dump that it is of, so that no other dump's is taken for it. */
#ifndef SYSGENID_BINDING_H
#define SYSGENID_BINDING_H

#include <stdbool.h>

#include "image.h"

/* At the dump's begin. Does nothing with criu before 4.1. Returns 0 or -ENOMEM. */
int sysgenid_binding_set_id(SysgenidImage *image);

/*
 * At the end of a dump of criu before 4.0, with all of criu's images in the directory. Does nothing
 * where there is no timens-0.img. Returns 0 or -errno.
 */
int sysgenid_binding_set_clocks(SysgenidImage *image, int directory);

/* At restore. An image that is bound to nothing matches. */
bool sysgenid_binding_matches(const SysgenidImage *image, int directory);

#endif
