/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of a variable of criu, as criu's symbol table says it. */
#ifndef SYSGENID_SYMBOL_H
#define SYSGENID_SYMBOL_H

#include <stddef.h>

/* Returns the size of the exported variable with this name at this address; 0: unknown. */
size_t sysgenid_symbol_size(const char *name, const void *address);

#endif
