// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "config.h"
#include "log.h"
#include "util.h"

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

	line[strcspn(line, "#")] = '\0';
	key = strip(line);
	if (!*key)
		return NULL;
	value = strchr(key, '=');
	if (!value)
		return "write it as \"key = value\"";
	*value++ = '\0';
	key = strip(key);
	value = strip(value);
	found = find_switch(config, key);
	if (!found)
		return "no such switch; there are strict, bump-after-dump, follow-any-mark and "
		       "wipe-on-fork";
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return "the value must be yes or no";
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

/* Not by stdio: each restore on the machine pays for it. */
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

void sysgenid_config_read(const char *path, struct sysgenid_config *config)
{
	cleanup_close int fd = -1;
	struct stat stat;
	int error;

	*config = (struct sysgenid_config){ 0 };
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return;
		config->unreadable = true;
		sysgenid_warn("cannot open %s: %s", path, strerror(errno));
		return;
	}
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || stat.st_uid != 0 ||
	    (stat.st_mode & (S_IWGRP | S_IWOTH))) {
		sysgenid_warn("%s is ignored: it must be a regular file that belongs to root and "
			      "that nobody else can write (chown root, chmod 644)",
			      path);
		return;
	}
	error = read_text(fd, path, stat.st_size, config);
	if (error) {
		config->unreadable = true;
		sysgenid_warn("cannot read %s: %s", path, strerror(-error));
	}
}
