// SPDX-License-Identifier: LGPL-2.1-or-later
#include "escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CUT "[...]"
#define HEAD 1000
#define TAIL (SYSGENID_ESCAPE_MAX - HEAD - (int)sizeof(CUT) + 1)

/* Returns the length of the UTF-8 character at @text in bytes; 0 if it is not UTF-8. */
static int decode(const unsigned char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int length = text[0] < 0x80		? 1
		     : (text[0] & 0xe0) == 0xc0 ? 2
		     : (text[0] & 0xf0) == 0xe0 ? 3
		     : (text[0] & 0xf8) == 0xf0 ? 4
						: 0;

	*character = length > 1 ? text[0] & (0x7f >> length) : text[0];
	for (int i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (text[i] & 0x3f);
	}
	if (*character < least[length] || *character > 0x10ffff ||
	    (*character >= 0xd800 && *character <= 0xdfff))
		return 0;
	return length;
}

static bool is_printable(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} not [] = {
		{ 0, 0x1f },	    { '\\', '\\' },	{ 0x7f, 0x9f },	      { 0xad, 0xad },
		{ 0x61c, 0x61c },   { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		if (character >= not [i].first && character <= not [i].last)
			return false;
	return true;
}

static char *escape_part(const char *text, size_t size, char *out)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + size;

	while (at < end) {
		uint32_t character;
		int length;

		/* Most text has nothing else, and goes through here in each dump and restore. */
		while (at < end && *at >= ' ' && *at <= '~' && *at != '\\')
			*out++ = (char)*at++;
		if (at == end)
			break;
		length = decode(at, &character);
		if (length && length <= end - at && is_printable(character)) {
			memcpy(out, at, (size_t)length);
			out += length;
			at += length;
		} else {
			out += sprintf(out, "\\x%02x", *at++);
		}
	}
	return out;
}

void sysgenid_escape(const char *text, char escaped[SYSGENID_ESCAPE_SIZE])
{
	size_t size = strlen(text);

	if (size > SYSGENID_ESCAPE_MAX) {
		escaped = escape_part(text, HEAD, escaped);
		escaped = stpcpy(escaped, CUT);
		text += size - TAIL;
		size = TAIL;
	}
	*escape_part(text, size, escaped) = '\0';
}

bool sysgenid_is_utf8(const char *text)
{
	while (*text) {
		uint32_t character;
		int length = decode((const unsigned char *)text, &character);

		if (!length)
			return false;
		text += length;
	}
	return true;
}
