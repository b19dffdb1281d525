// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many hooks a criu has. It exports its table of plugins, cr_plugin_ctl: one link for the list
 * of plugins, and one for each hook. So the size of that symbol tells, whatever the version says.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../criu-plugin/base/criu_abi.h"

#include "criu.h"

#define TABLE "cr_plugin_ctl"
#define SECTIONS_MAX 4096
#define SECTION_MAX (16 << 20) /* bytes; criu's symbols take less than a hundredth of it */
#define OWN_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

/*
 * Returns NULL if the file does not have so many bytes, or if there are too many. Adds a zero byte.
 */
static void *read_at(int fd, uint64_t offset, uint64_t size)
{
	char *bytes = size <= SECTION_MAX ? malloc(size + 1) : NULL;

	if (bytes && pread(fd, bytes, size, (off_t)offset) == (ssize_t)size) {
		bytes[size] = '\0';
		return bytes;
	}
	free(bytes);
	return NULL;
}

static uint64_t size_in(int fd, const ElfW(Shdr) * symbols, const ElfW(Shdr) * names)
{
	ElfW(Sym) *symbol = read_at(fd, symbols->sh_offset, symbols->sh_size);
	char *name = read_at(fd, names->sh_offset, names->sh_size);
	uint64_t size = 0;

	for (size_t i = 0; symbol && name && i < symbols->sh_size / sizeof(*symbol); i++)
		if (symbol[i].st_name < names->sh_size && symbol[i].st_shndx != SHN_UNDEF &&
		    !strcmp(name + symbol[i].st_name, TABLE))
			size = symbol[i].st_size;
	free(symbol);
	free(name);
	return size;
}

static uint64_t table_size(int fd)
{
	ElfW(Ehdr) header;
	ElfW(Shdr) * section;
	uint64_t size = 0;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != OWN_CLASS ||
	    header.e_shentsize != sizeof(*section) || header.e_shnum > SECTIONS_MAX)
		return 0;
	section = read_at(fd, header.e_shoff, (uint64_t)header.e_shnum * sizeof(*section));
	for (size_t i = 0; section && i < header.e_shnum; i++)
		if (section[i].sh_type == SHT_DYNSYM && section[i].sh_link < header.e_shnum)
			size = size_in(fd, &section[i], &section[section[i].sh_link]);
	free(section);
	return size;
}

unsigned int criu_hooks_in(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t links = fd < 0 ? 0 : table_size(fd) / sizeof(struct criu_link);

	if (fd >= 0)
		close(fd);
	return links > 1 && links <= CRIU_HOOKS_MAX ? (unsigned int)links - 1 : 0;
}
