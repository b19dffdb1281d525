// SPDX-License-Identifier: GPL-2.0-only
/*
 * The size of one of the variables of this program, by its name. glibc makes the addresses in the
 * dynamic section absolute if it can write that section; a child takes that back.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbol.h"
#include "tap.h"

extern char variable[123], other[7];
char variable[123], other[7];

static bool has_addresses(int64_t tag)
{
	return tag == DT_GNU_HASH || tag == DT_SYMTAB || tag == DT_STRTAB;
}

/* Makes the addresses of the tables relative to where this program is, as in the file. */
static bool make_relative(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct link_map *program = _r_debug.r_map;
	int changed = 0;

	if (!program->l_addr)
		return false;
	for (ElfW(Dyn) *entry = program->l_ld; entry->d_tag != DT_NULL; entry++) {
		void *start = (void *)((uintptr_t)entry & ~(page - 1));

		if (!has_addresses(entry->d_tag))
			continue;
		if (mprotect(start, 2 * page, PROT_READ | PROT_WRITE))
			return false;
		entry->d_un.d_ptr -= program->l_addr;
		changed++;
	}
	return changed == 3;
}

static void test_relative(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(!make_relative()						       ? 2
		      : sysgenid_symbol_size("variable", variable) == sizeof(variable) ? 0
										       : 1);
	if (!ok(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
		"a dynamic section that was not made absolute"))
		printf("# status %#x\n", (unsigned int)status);
}

int main(void)
{
	ok(sysgenid_symbol_size("variable", variable) == sizeof(variable),
	   "the size of a variable");
	ok(sysgenid_symbol_size("variable", other) == sizeof(other),
	   "the address counts, if another variable has the name");
	ok(!sysgenid_symbol_size("variable", variable + 1), "no variable begins there");
	test_relative();
	return done_testing();
}
