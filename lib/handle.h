/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an open counter can do besides what the public header says. */
#ifndef SYSGENID_HANDLE_H
#define SYSGENID_HANDLE_H

#include "internal.h"

/*
 * Opens the file of @handle once more: a description with an acknowledged generation of its own,
 * which is the one that is current while it is opened. Returns the descriptor.
 */
int sysgenid_reopen(const struct sysgenid *handle);

#endif
