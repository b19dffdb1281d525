// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cleanup.h>

#include "maps.h"
#include "read.h"
#include "status.h"

static const char *skip_word(const char *text)
{
	text += strcspn(text, " ");
	return text + strspn(text, " ");
}

/*
 * Parses "start-end perms offset device inode   path". Returns false for the other lines of smaps,
 * which begin with a capital letter.
 */
static bool parse_header(char *line, struct sysgenid_vma *vma)
{
	uint64_t major, minor;
	const char *at = line;

	if (!sysgenid_parse_number(&at, 16, &vma->start) || *at++ != '-' ||
	    !sysgenid_parse_number(&at, 16, &vma->end) || *at++ != ' ' || strlen(at) < 4)
		return false;
	memcpy(vma->perms, at, 4);
	vma->perms[4] = '\0';
	at = skip_word(skip_word(at));
	if (!sysgenid_parse_number(&at, 16, &major) || *at++ != ':' ||
	    !sysgenid_parse_number(&at, 16, &minor) || *at++ != ' ' ||
	    !sysgenid_parse_number(&at, 10, &vma->inode))
		return false;
	vma->device = makedev((unsigned int)major, (unsigned int)minor);
	vma->path = at + strspn(at, " ");
	return true;
}

static bool has_flag(const char *flags, const char *flag)
{
	for (const char *at = flags; (at = strstr(at, flag)); at++)
		if (at[-1] == ' ' && (at[2] == ' ' || at[2] == '\0'))
			return true;
	return false;
}

static int walk(FILE *file, bool flags, sysgenid_vma_fn fn, void *argument)
{
	static const char word[] = "VmFlags:";
	cleanup_free char *header = NULL, *line = NULL;
	size_t header_size = 0, size = 0;
	struct sysgenid_vma vma = { 0 }, next = { 0 };
	int result = 0;

	while (!result && getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (parse_header(line, &next)) {
			/* The line is kept as header, since vma.path points into it. */
			char *swap = header;
			size_t swap_size = header_size;

			header = line;
			header_size = size;
			line = swap;
			size = swap_size;
			vma = next;
			if (!flags)
				result = fn(&vma, argument);
		} else if (flags && vma.end && !strncmp(line, word, sizeof(word) - 1)) {
			vma.droppable = has_flag(line, "dp");
			vma.wipe_on_fork = has_flag(line, "wf");
			vma.lazy = has_flag(line, "um");
			result = fn(&vma, argument);
			vma.end = 0;
		} else if (!flags) {
			/* maps has a header in each line: a mapping must not be passed over. */
			result = -EBADMSG;
		}
	}
	/* getline() also fails without an error of the file, when there is no memory. */
	if (!result && !feof(file) && errno != ESRCH)
		result = errno ? -errno : -EIO;
	return result;
}

int sysgenid_for_each_vma(pid_t pid, bool flags, sysgenid_vma_fn fn, void *argument)
{
	cleanup_file FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, flags ? "smaps" : "maps");
	file = fopen(path, "re");
	if (!file)
		return sysgenid_is_gone(-errno) ? 0 : -errno;
	return walk(file, flags, fn, argument);
}
