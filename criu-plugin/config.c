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

void sysgenid_config_parse(FILE *file, const char *name, struct sysgenid_config *config)
{
	cleanup_free char *line = NULL;
	size_t size = 0;

	*config = (struct sysgenid_config){ 0 };
	for (unsigned int number = 1; getline(&line, &size, file) >= 0; number++) {
		const char *wrong = parse_line(line, config);

		if (!wrong)
			continue;
		config->faulty = true;
		sysgenid_warn("%s, line %u is ignored: %s", name, number, wrong);
	}
	if (ferror(file)) {
		config->unreadable = true;
		sysgenid_warn("cannot read all of %s: %s", name, strerror(errno));
	}
}

void sysgenid_config_read(const char *path, struct sysgenid_config *config)
{
	cleanup_file FILE *file = NULL;
	cleanup_close int fd = -1;
	struct stat stat;

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
	file = fdopen(fd, "r");
	if (!file) {
		config->unreadable = true;
		sysgenid_warn("cannot read %s: %s", path, strerror(errno));
		return;
	}
	fd = -1;
	sysgenid_config_parse(file, path, config);
}
