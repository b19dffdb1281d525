// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <cleanup.h>

#include "config.h"
#include "log.h"
#include "read.h"

#define MAX_SIZE 65536

static const struct {
	const char *key;
	size_t offset;
} switches[] = {
	{ "strict", offsetof(struct sysgenid_config, strict) },
	{ "bump-after-dump", offsetof(struct sysgenid_config, bump_after_dump) },
	{ "follow-any-mark", offsetof(struct sysgenid_config, follow_any_mark) },
	{ "wipe-on-fork", offsetof(struct sysgenid_config, wipe_on_fork) },
};

static char *strip(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static bool *find_switch(struct sysgenid_config *config, const char *key)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (!strcmp(switches[i].key, key))
			return (bool *)((char *)config + switches[i].offset);
	return NULL;
}

/* Returns NULL or what is wrong with the line. */
static const char *parse_line(char *line, struct sysgenid_config *config)
{
	char *key, *value;
	bool *found;

	/* The file that is installed has no other lines. */
	if (!*line || *line == '#')
		return NULL;
	line[strcspn(line, "#")] = '\0';
	key = strip(line);
	if (!*key)
		return NULL;
	value = strchr(key, '=');
	if (!value) {
		config->strict |= !strcmp(key, "strict");
		return "write it as \"key = value\"";
	}
	*value++ = '\0';
	key = strip(key);
	value = strip(value);
	found = find_switch(config, key);
	if (!found)
		return "no such switch; there are strict, bump-after-dump, follow-any-mark and "
		       "wipe-on-fork";
	if (strcmp(value, "yes") && strcmp(value, "no")) {
		/*
		 * A faulty value of strict counts as yes: its author wants to change the default.
		 */
		config->strict |= found == &config->strict;
		return "the value must be yes or no";
	}
	*found = value[0] == 'y';
	return NULL;
}

void sysgenid_config_parse(char *text, size_t size, const char *name,
			   struct sysgenid_config *config)
{
	char *end = text + size, *next;

	*config = (struct sysgenid_config){ 0 };
	for (unsigned int number = 1; text < end; number++, text = next) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *wrong;

		next = newline ? newline + 1 : end;
		*(newline ? newline : end) = '\0';
		wrong = parse_line(text, config);
		if (!wrong)
			continue;
		config->faulty = true;
		sysgenid_warn("%s, line %u is ignored: %s", name, number, wrong);
	}
}

/* Does without stdio, which is slower: every restore on the machine reads this file. */
static int read_text(int fd, const char *path, off_t size, struct sysgenid_config *config)
{
	cleanup_free char *text = NULL;
	ssize_t n;

	if (size > MAX_SIZE)
		return -EFBIG;
	text = malloc((size_t)size + 1);
	if (!text)
		return -ENOMEM;
	n = sysgenid_read_all(fd, text, (size_t)size);
	if (n < 0)
		return (int)n;
	sysgenid_config_parse(text, (size_t)n, path, config);
	return 0;
}

/*
 * Is it of this type, does it belong to root, and is it writable for root only? Another user with
 * the right to write could remove strict = yes. An ACL that lets another user write shows in the
 * group's bits of the mode, which hold the ACL's mask.
 *
 * The folders above are not checked: who can write /etc can have criu load any library, by
 * /etc/ld.so.preload.
 */
static bool is_roots(const struct stat *stat, mode_t type)
{
	return (stat->st_mode & S_IFMT) == type && stat->st_uid == 0 &&
	       !(stat->st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

/* Marks config as unusable and warns: what root has written into the file is unknown. */
static void __attribute__((format(printf, 2, 3)))
give_up(struct sysgenid_config *config, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/*
	 * wipe_on_fork may be on in the file, so a dump records wipe-on-fork memory. A record that
	 * is not needed does no harm: only a restore with the switch clears the memory.
	 */
	*config = (struct sysgenid_config){ .unusable = true, .wipe_on_fork = true };
	sysgenid_warn("%s", text);
}

static void read_from(const char *path, struct sysgenid_config *config)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;
	int error;

	if (fd < 0 && is_absent(errno))
		return;
	if (fd < 0) {
		give_up(config, "cannot open %s: %s", path, strerror(errno));
		return;
	}
	if (fstat(fd, &stat) || !is_roots(&stat, S_IFREG)) {
		give_up(config,
			"%s cannot be trusted: it must be a regular file that belongs to root and "
			"that nobody else can write (chown root, chmod 644)",
			path);
		return;
	}
	error = read_text(fd, path, stat.st_size, config);
	if (error)
		give_up(config, "cannot read %s: %s", path, strerror(-error));
}

void sysgenid_config_read(const char *path, struct sysgenid_config *config)
{
	cleanup_free char *folder = NULL;
	size_t length = strlen(path);
	struct stat at;

	*config = (struct sysgenid_config){ 0 };
	while (path[length - 1] != '/')
		length--;
	/* Not on the stack: the kernel would clear one more page in each restore. */
	folder = malloc(length + 1);
	if (!folder) {
		give_up(config, "no memory to read %s", path);
		return;
	}
	memcpy(folder, path, length);
	folder[length] = '\0';
	if (!stat(folder, &at)) {
		if (is_roots(&at, S_IFDIR))
			read_from(path, config);
		else
			give_up(config,
				"%s cannot be trusted: the folder must belong to root, and nobody "
				"else may write it (chown root, chmod 755)",
				folder);
	} else if (!is_absent(errno)) {
		give_up(config, "cannot look at %s: %s", folder, strerror(errno));
	}
}
