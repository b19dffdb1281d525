// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds the functions behind ours. Nothing is linked: a program brings its libraries itself, or
 * does without.
 */
#define _GNU_SOURCE
#include "preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>

/* What was found for callers in one library, which is kept loaded from then on. */
struct preload_found {
	const struct link_map *map;
	void *function;
};

/* All that NEXT() names; the linker knows where they begin and end. */
extern struct preload_symbol *__start_preload_symbols[] __attribute__((visibility("hidden")));
extern struct preload_symbol *__stop_preload_symbols[] __attribute__((visibility("hidden")));

/* The linker's functions allocate memory, and an allocator may draw random bytes. */
static __thread bool looking __attribute__((tls_model("initial-exec")));

/* A library that was loaded later could be unloaded again, and what was found in it is kept. */
static void keep_loaded(void *function)
{
	struct link_map *map;
	Dl_info info;

	if (dladdr1(function, &info, (void **)&map, RTLD_DL_LINKMAP) && map->l_name[0])
		(void)dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/*
 * The first library that asks is remembered: mostly there is one. Others are looked up at each
 * call.
 */
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
	/* The library stays loaded: the caller is in it. */
	if (handle)
		dlclose(handle);
	return function;
}

/*
 * As the dynamic linker does it: first what was loaded with the program or RTLD_GLOBAL, then what
 * the caller's own library was loaded with.
 */
static void *look(struct preload_symbol *symbol, void *caller)
{
	void *found = dlsym(RTLD_NEXT, symbol->name);
	struct link_map *map;
	Dl_info info;

	if (found) {
		keep_loaded(found);
		atomic_store_explicit(&symbol->found, found, memory_order_relaxed);
		return found;
	}
	/* The program itself, which has no name, and what it was linked with have been searched. */
	if (dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) && map->l_name[0])
		found = find_for(symbol, map);
	/* The program must not find our error in place of its own. */
	(void)dlerror();
	return found;
}

void *preload_next(struct preload_symbol *symbol, void *caller)
{
	void *found = atomic_load_explicit(&symbol->found, memory_order_relaxed);
	struct preload_quiet before;
	int saved = errno;

	if (preload_is_starting())
		return NULL;
	if (found || looking)
		return found;
	preload_be_quiet(&before);
	looking = true;
	found = look(symbol, caller);
	looking = false;
	preload_end_quiet(&before);
	errno = saved;
	return found;
}

/* A later lookup would overwrite the program's dlerror() text. */
void preload_find_all(void)
{
	/* cppcheck-suppress comparePointers ; they are the two ends of one array */
	for (struct preload_symbol **at = __start_preload_symbols; at < __stop_preload_symbols;
	     at++) {
		void *found = dlsym(RTLD_NEXT, (*at)->name);

		if (found)
			keep_loaded(found);
		atomic_store_explicit(&(*at)->found, found, memory_order_relaxed);
	}
	(void)dlerror();
}

bool preload_is_of_libc(void *function)
{
	Dl_info one, other;
	void *known = dlsym(RTLD_NEXT, "gnu_get_libc_version");

	return known && dladdr(known, &other) && dladdr(function, &one) &&
	       one.dli_fbase == other.dli_fbase;
}
