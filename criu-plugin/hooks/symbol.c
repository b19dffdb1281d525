// SPDX-License-Identifier: GPL-2.0-only
/*
 * dladdr1() compares the address with each of criu's 2,700 symbols, in each restore on the machine.
 * So the symbol is looked up by its name, in the hash table of criu (DT_GNU_HASH), and dladdr1() is
 * for a criu without such a table.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>

#include "symbol.h"

typedef ElfW(Sym) elf_symbol;
typedef ElfW(Dyn) elf_entry;

struct hash_table {
	uint32_t n_buckets;
	uint32_t first; /* the first symbol that is in the table */
	uint32_t bloom_size;
	uint32_t bloom_shift;
	uintptr_t bloom[];
};

/*
 * Returns the table of this kind, or NULL. glibc makes its address absolute, but not where it
 * cannot write the dynamic section, as in programs that were linked with -z rodynamic.
 */
static const void *find_table(const struct link_map *object, int64_t tag)
{
	const elf_entry *entry = object->l_ld;
	uintptr_t address;

	while (entry->d_tag != tag && entry->d_tag != DT_NULL)
		entry++;
	if (entry->d_tag != tag)
		return NULL;
	address = entry->d_un.d_ptr;
	if (address < object->l_addr)
		address += object->l_addr;
	return (const void *)address;
}

static uint32_t hash(const char *name)
{
	uint32_t value = 5381;

	while (*name)
		value = value * 33 + (unsigned char)*name++;
	return value;
}

static const elf_symbol *find_by_name(const struct link_map *object, const char *name)
{
	const struct hash_table *table = find_table(object, DT_GNU_HASH);
	const elf_symbol *symbols = find_table(object, DT_SYMTAB);
	const char *names = find_table(object, DT_STRTAB);
	const uint32_t *buckets, *hashes;
	uint32_t wanted = hash(name), i;

	if (!table || !symbols || !names || !table->n_buckets)
		return NULL;
	buckets = (const uint32_t *)(table->bloom + table->bloom_size);
	hashes = buckets + table->n_buckets;
	i = buckets[wanted % table->n_buckets];
	if (i < table->first)
		return NULL;
	/* The lowest bit of a hash is not its own: it ends the bucket's list. */
	for (;; i++) {
		uint32_t value = hashes[i - table->first];

		if ((value | 1) == (wanted | 1) && !strcmp(names + symbols[i].st_name, name))
			return &symbols[i];
		if (value & 1)
			return NULL;
	}
}

static const elf_symbol *find_by_address(const void *address)
{
	const elf_symbol *symbol = NULL;
	Dl_info info;

	if (!dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) || info.dli_saddr != address)
		return NULL;
	return symbol;
}

/* criu is the first object. Not _dl_find_object(), which is in glibc since 2.35 only. */
size_t sysgenid_symbol_size(const char *name, const void *address)
{
	const struct link_map *criu = _r_debug.r_map;
	const elf_symbol *symbol = criu ? find_by_name(criu, name) : NULL;

	if (!symbol || criu->l_addr + symbol->st_value != (uintptr_t)address)
		symbol = find_by_address(address);
	return symbol ? symbol->st_size : 0;
}
