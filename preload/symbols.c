// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the functions behind ours. Nothing is linked: a program brings its libraries itself, or does without. */
#define _GNU_SOURCE
#include "preload.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

/* What was found for callers in one library, which is kept loaded from then on. */
struct preload_found {
	const struct link_map *map;
	void *function;
};

/* The first library that asks is remembered: mostly there is one. Others are looked up at each call. */
static void *find_for(struct preload_symbol *symbol, const struct link_map *map)
{
	struct preload_found *known = atomic_load_explicit(&symbol->local, memory_order_acquire);
	struct preload_found *none = NULL, *new;
	void *handle, *function;

	if (known && known->map == map)
		return known->function;
	/* A handle of its own: what was loaded for another library has no list to search yet. */
	handle = dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD);
	function = handle ? dlsym(handle, symbol->name) : NULL;
	new = known || !function ? NULL : malloc(sizeof(*new));
	if (new)
		*new = (struct preload_found){ .map = map, .function = function };
	/* Release ordering: who sees the pointer sees what it points to. */
	if (new &&atomic_compare_exchange_strong_explicit(
		    &symbol->local, &none, new, memory_order_release, memory_order_relaxed))
		return function;
	free(new);
	/* It stays: the caller is in it. */
	if (handle)
		dlclose(handle);
	return function;
}

/*
 * As the dynamic linker does it: first what was loaded with the program or RTLD_GLOBAL, then what the caller's own
 * library was loaded with.
 */
void *preload_next(struct preload_symbol *symbol, void *caller)
{
	void *found = atomic_load_explicit(&symbol->found, memory_order_relaxed);
	struct link_map *map;
	Dl_info info;

	if (found)
		return found;
	found = dlsym(RTLD_NEXT, symbol->name);
	if (found) {
		atomic_store_explicit(&symbol->found, found, memory_order_relaxed);
		return found;
	}
	/* The program itself, which has no name, and what it was linked with have been searched. */
	if (dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) && map->l_name[0])
		found = find_for(symbol, map);
	/* Nobody shall find our failure in the place of his own. */
	(void)dlerror();
	return found;
}
