// SPDX-License-Identifier: LGPL-2.1-or-later
#define _GNU_SOURCE
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "counterfile-page.h"
#include "counterfile-view.h"

#define FIRST_SIZE 2047
/*
 * Whoever may mount, root of a user namespace, say, can have lines of any length: a path may be
 * deeper than PATH_MAX. A registry's own path has at most PATH_MAX bytes, each of up to 4 here.
 */
#define LONGEST_SIZE (FIRST_SIZE << 5)

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* "\040" is a blank; backslashes, tabs, newlines and '#' are written like that, too. */
static void unescape(char *text)
{
	char *out = text;

	while (*text) {
		if (text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) &&
		    is_octal(text[3])) {
			*out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
					(text[3] - '0'));
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* Parses a decimal number and the character after it. */
static bool read_number(char **at, char end, unsigned int *number)
{
	char *digit = *at;

	for (*number = 0; *digit >= '0' && *digit <= '9'; digit++)
		*number = *number * 10 + (unsigned int)(*digit - '0');
	if (digit == *at || *digit != end)
		return false;
	*at = digit + 1;
	return true;
}

/* Ends the word at *at, moves *at behind it, and returns the word. NULL: the line has no more. */
static char *next_word(char **at)
{
	char *word = *at, *end = word;

	while (*end && *end != ' ' && *end != '\n')
		end++;
	if (!*end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return word;
}

/* "36 35 98:0 /root /point " */
static bool parse_head(char **at, struct sysgenid_mount *mount)
{
	unsigned int parent, major, minor;
	char *root, *point;

	if (!read_number(at, ' ', &mount->id) || !read_number(at, ' ', &parent) ||
	    !read_number(at, ':', &major) || !read_number(at, ' ', &minor))
		return false;
	root = next_word(at);
	point = root ? next_word(at) : NULL;
	if (!root)
		return false;
	unescape(root);
	if (point)
		unescape(point);
	mount->device = makedev(major, minor);
	mount->root = root;
	mount->point = point;
	return true;
}

/* What follows is "options [optional...] - type source options". */
bool sysgenid_mount_parse(char *line, struct sysgenid_mount *mount)
{
	char *word;

	if (!parse_head(&line, mount) || !mount->point)
		return false;
	do
		word = next_word(&line);
	while (word && strcmp(word, "-"));
	mount->type = word ? next_word(&line) : NULL;
	return mount->type;
}

/*
 * Of a line that is longer than the buffer the beginning is here. A mount of a counter file has a
 * short root, wherever it is mounted; one that has not is left out.
 */
static int take_beginning(char *line, sysgenid_mount_fn fn, void *argument)
{
	struct sysgenid_mount mount;

	if (!parse_head(&line, &mount))
		return 0;
	mount.type = "";
	if (!mount.point)
		mount.point = "";
	return fn(&mount, argument);
}

/* Hands the complete lines to fn. Sets *done to their length. text has one byte more than size. */
static int take_lines(char *text, size_t size, sysgenid_mount_fn fn, void *argument, size_t *done)
{
	struct sysgenid_mount mount;
	char *next, *line = text, kept;
	int result = 0;

	while (!result && (next = memchr(line, '\n', size - (size_t)(line - text)))) {
		kept = *++next;
		*next = '\0';
		result = sysgenid_mount_parse(line, &mount) ? fn(&mount, argument) : -EBADMSG;
		*next = kept;
		line = next;
	}
	*done = (size_t)(line - text);
	return result;
}

struct lines {
	int fd;
	char *text; /* has one byte more than size */
	size_t size, used;
	bool skips; /* to the end of a line whose beginning was taken */
};

/* Reads more behind the used part. Returns read()'s result or -errno. */
static ssize_t read_more(struct lines *lines)
{
	ssize_t n;
	char *more;

	if (lines->used == lines->size) {
		more = realloc(lines->text, lines->size * 2 + 1);
		if (!more)
			return -ENOMEM;
		lines->text = more;
		lines->size *= 2;
	}
	do
		n = read(lines->fd, lines->text + lines->used, lines->size - lines->used);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	lines->used += (size_t)n;
	return n;
}

static void drop(struct lines *lines, size_t size)
{
	lines->used -= size;
	if (lines->used)
		memmove(lines->text, lines->text + size, lines->used);
}

static void skip_line(struct lines *lines)
{
	const char *end = memchr(lines->text, '\n', lines->used);

	lines->skips = !end;
	drop(lines, end ? (size_t)(end + 1 - lines->text) : lines->used);
}

static int take(struct lines *lines, sysgenid_mount_fn fn, void *argument)
{
	size_t done;
	int result;

	if (lines->skips)
		skip_line(lines);
	result = take_lines(lines->text, lines->used, fn, argument, &done);
	if (result)
		return result;
	drop(lines, done);
	if (lines->used < LONGEST_SIZE)
		return 0;
	lines->text[lines->used] = '\0';
	lines->skips = true;
	lines->used = 0;
	return take_beginning(lines->text, fn, argument);
}

/* Does without stdio, which is slower: most restores of containers read this file. */
int sysgenid_for_each_mount(int mountinfo, sysgenid_mount_fn fn, void *argument)
{
	struct lines lines = { mountinfo, malloc(FIRST_SIZE + 1), FIRST_SIZE, 0, false };
	ssize_t result;

	if (!lines.text)
		return -ENOMEM;
	while ((result = read_more(&lines)) > 0) {
		result = take(&lines, fn, argument);
		if (result)
			break;
	}
	/* The last line has no end. */
	if (!result && (lines.used || lines.skips))
		result = -EBADMSG;
	free(lines.text);
	return (int)result;
}

struct locating {
	struct sysgenid_registry_place *place;
	unsigned int id;
	const char *path; /* of the registry, as this process sees it */
};

static int locate(const struct sysgenid_mount *mount, void *argument)
{
	const struct locating *locating = argument;
	struct sysgenid_registry_place *place = locating->place;
	size_t point = strcmp(mount->point, "/") ? strlen(mount->point) : 0;
	const char *root = strcmp(mount->root, "/") ? mount->root : "";

	if (mount->id != locating->id)
		return 0;
	place->device = mount->device;
	if (strncmp(locating->path, mount->point, point) ||
	    snprintf(place->path, sizeof(place->path), "%s%s", root, locating->path + point) >=
		    (int)sizeof(place->path))
		place->path[0] = '\0';
	return 1;
}

int sysgenid_registry_locate(int registry, struct sysgenid_registry_place *place)
{
	char link[64], path[PATH_MAX];
	struct locating locating = { .place = place, .path = path };
	struct statx status;
	ssize_t length;
	int fd, found;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", registry);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0 || statx(registry, "", AT_EMPTY_PATH, STATX_MNT_ID, &status))
		return -errno;
	path[length] = '\0';
	/* Kernels before 5.8 do not tell the mount: the path stays unknown. */
	locating.id = (unsigned int)status.stx_mnt_id;
	*place = (struct sysgenid_registry_place){ .device = makedev(status.stx_dev_major,
								     status.stx_dev_minor) };
	if (!(status.stx_mask & STATX_MNT_ID))
		return 0;
	fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* mountinfo may not show the mount in a chroot. */
	found = sysgenid_for_each_mount(fd, locate, &locating);
	close(fd);
	return found < 0 ? found : 0;
}

/* Returns the path's length without the name of a counter file, or of its view. */
static size_t without_file(const char *path)
{
	static const char *const files[] = { "/" SYSGENID_REGISTRY_FILE,
					     "/" SYSGENID_REGISTRY_VIEW };
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t tail = strlen(files[i]);

		if (length > tail && !strcmp(path + length - tail, files[i]))
			return length - tail;
	}
	return length;
}

const char *sysgenid_mounted_counter(const struct sysgenid_mount *mount,
				     const struct sysgenid_registry_place *place, char *name,
				     size_t size)
{
	const char *start = mount->root;
	size_t length = strlen(place->path);

	if (mount->device != place->device)
		return NULL;
	if (length && (strncmp(start, place->path, length) || start[length] != '/'))
		return NULL;
	start += length + (length > 0);
	length = without_file(start);
	if (!place->path[0])
		for (const char *slash; (slash = memchr(start, '/', length)); start = slash + 1)
			length -= (size_t)(slash + 1 - start);
	/* No counter file's name begins with a dot. */
	if (!length || length >= size || *start == '.' || memchr(start, '/', length))
		return NULL;
	memcpy(name, start, length);
	name[length] = '\0';
	return name;
}
