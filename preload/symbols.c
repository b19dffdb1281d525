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
	struct preload_target target;
};

/* All that NEXT() names; the linker knows where they begin and end. */
extern struct preload_symbol *__start_preload_symbols[] __attribute__((visibility("hidden")));
extern struct preload_symbol *__stop_preload_symbols[] __attribute__((visibility("hidden")));

/* Where this library is loaded; by the linker, too. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

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

/* glibc's _dl_find_object(), which is there since 2.35. Set at the start. */
static int (*find_object)(void *address, struct dl_find_object *found);

/*
 * All functions of one copy of a library have one address for it: where it is loaded. dladdr()
 * looks through all of the library's symbols. Not dl_iterate_phdr(): a child of fork() would wait
 * for ever for its lock if another thread had it.
 */
static const void *copy_of(void *function)
{
	struct dl_find_object object;
	Dl_info info;

	if (find_object)
		return find_object(function, &object) ? function : object.dlfo_map_start;
	return dladdr(function, &info) ? info.dli_fbase : function;
}

static struct preload_target target(void *function)
{
	return (struct preload_target){ .address = function,
					.copy = function ? copy_of(function) : NULL };
}

/*
 * The first library that asks is remembered: mostly there is one. Others are looked up at each
 * call.
 */
static struct preload_target find_for(struct preload_symbol *symbol, const struct link_map *map)
{
	struct preload_found *known = atomic_load_explicit(&symbol->local, memory_order_acquire);
	struct preload_found *none = NULL, *new;
	struct preload_target found;
	void *handle;

	if (known && known->map == map)
		return known->target;
	/* A handle of its own: what was loaded for another library has no list to search yet. */
	handle = dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD);
	found = target(handle ? dlsym(handle, symbol->name) : NULL);
	new = known || !found.address ? NULL : malloc(sizeof(*new));
	if (new)
		*new = (struct preload_found){ .map = map, .target = found };
	/* Release ordering: who sees the pointer sees what it points to. */
	if (new &&atomic_compare_exchange_strong_explicit(
		    &symbol->local, &none, new, memory_order_release, memory_order_relaxed))
		return found;
	free(new);
	/* The library stays loaded: the caller is in it. */
	if (handle)
		dlclose(handle);
	return found;
}

/*
 * The program itself, which has no name, and what it was linked with have been searched. Without
 * optimisation a function that was called from here, and ends by a jump to one of ours, has us as
 * its caller: nobody knows for whom that is.
 */
static bool has_own_libraries(const Dl_info *caller, const struct link_map *map)
{
	return map->l_name[0] && caller->dli_fbase != __ehdr_start;
}

/*
 * As the dynamic linker does it: first what was loaded with the program or RTLD_GLOBAL, then what
 * the caller's own library was loaded with.
 */
static struct preload_target look(struct preload_symbol *symbol, void *caller)
{
	struct preload_target found = { .address = dlsym(RTLD_NEXT, symbol->name) };
	struct link_map *map;
	Dl_info info;

	if (found.address) {
		keep_loaded(found.address);
		atomic_store_explicit(&symbol->found, found.address, memory_order_relaxed);
		return found;
	}
	if (dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) && has_own_libraries(&info, map))
		found = find_for(symbol, map);
	/* The program must not find our error in place of its own. */
	(void)dlerror();
	return found;
}

static __attribute__((noinline)) struct preload_target look_quietly(struct preload_symbol *symbol,
								    void *caller)
{
	struct preload_quiet before;
	struct preload_target found;
	int saved = errno;

	preload_be_quiet(&before);
	looking = true;
	found = look(symbol, caller);
	looking = false;
	preload_end_quiet(&before);
	errno = saved;
	return found;
}

struct preload_target preload_next(struct preload_symbol *symbol, void *caller)
{
	struct preload_target found = {
		.address = atomic_load_explicit(&symbol->found, memory_order_relaxed),
	};

	if (preload_is_starting())
		found.address = NULL;
	else if (!found.address && !looking)
		return look_quietly(symbol, caller);
	return found;
}

/* A later lookup would overwrite the program's dlerror() text. */
void preload_find_all(void)
{
	*(void **)&find_object = dlsym(RTLD_DEFAULT, "_dl_find_object");
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
