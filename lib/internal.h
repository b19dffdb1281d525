/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header of libsysgenid as its own files see it; not installed.
 *
 * control.o, events.o, netlink.o and deadline.o need libc only, so that a program which must not
 * bring in other libraries (a CRIU plugin) can link them from libsysgenid.a.
 */
#ifndef SYSGENID_INTERNAL_H
#define SYSGENID_INTERNAL_H

/*
 * All objects are compiled with -fvisibility=hidden: only what the public header declares is
 * exported.
 */
#pragma GCC visibility push(default)
#include "libsysgenid.h"
#pragma GCC visibility pop

#endif
