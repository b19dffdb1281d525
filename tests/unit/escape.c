// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever bytes others have put into a text: one printable line comes out, and it can be told what
 * they were.
 */
#include "escape.h"

#include <stdlib.h>

#include "tap.h"

static char out[SYSGENID_ESCAPE_SIZE];

static void becomes(const char *text, const char *expected, const char *name)
{
	sysgenid_escape(text, out);
	if (!ok(!strcmp(out, expected), name))
		diag("expected %s, got %s", expected, out);
}

static void test_kept(void)
{
	becomes("", "", "nothing stays nothing");
	becomes("/dev/a b (x): 100%, 'q' \"Q\" ~", "/dev/a b (x): 100%, 'q' \"Q\" ~",
		"printable ASCII stays");
	becomes("/Größe/日本/😀", "/Größe/日本/😀", "so does UTF-8 of two, three and four bytes");
}

static void test_controls(void)
{
	becomes("a\nError: b", "a\\x0aError: b", "a newline cannot begin another message");
	becomes("a\rb\tc\bd", "a\\x0db\\x09c\\x08d", "nor can other control characters");
	becomes("\x1b[2J\x1b]0;t\a", "\\x1b[2J\\x1b]0;t\\x07",
		"nor can a terminal be told anything");
	becomes("\x7f\xc2\x9b", "\\x7f\\xc2\\x9b",
		"also not by DEL or the control characters of Latin-1");
	becomes("a\\x0a", "a\\x5cx0a", "what looks escaped can be told from what is");
	becomes("\xe2\x80\xae"
		"gpj.exe\xe2\x80\xa8",
		"\\xe2\\x80\\xaegpj.exe\\xe2\\x80\\xa8",
		"characters that turn the direction of writing, or are lines of their own");
	becomes("a\xe2\x80\x8b\xef\xbb\xbf", "a\\xe2\\x80\\x8b\\xef\\xbb\\xbf",
		"and invisible ones");
}

static void test_invalid(void)
{
	becomes("a\xff\xfe", "a\\xff\\xfe", "bytes that are never in UTF-8");
	becomes("\x80\xbf", "\\x80\\xbf", "continuations without a beginning");
	becomes("\xc3(\xe2\x82", "\\xc3(\\xe2\\x82", "beginnings without an end");
	becomes("\xc0\x8a\xe0\x80\x8a\xf0\x80\x80\x8a",
		"\\xc0\\x8a\\xe0\\x80\\x8a\\xf0\\x80\\x80\\x8a", "newlines in longer forms");
	becomes("\xed\xa0\x80", "\\xed\\xa0\\x80", "halves of a pair of UTF-16");
	becomes("\xf4\x90\x80\x80\xf8\x88\x80\x80\x80",
		"\\xf4\\x90\\x80\\x80\\xf8\\x88\\x80\\x80\\x80",
		"and numbers above the last character");
	ok(sysgenid_is_utf8("aß日😀") && !sysgenid_is_utf8("a\xff") && !sysgenid_is_utf8("\xe2\x82"),
	   "and it can be asked whether a text is UTF-8");
}

static void test_long(void)
{
	char text[5001];

	memset(text, 'a', sizeof(text) - 1);
	text[5000] = '\0';
	strcpy(text + 4991, ": reason!");
	sysgenid_escape(text, out);
	ok(strlen(out) == SYSGENID_ESCAPE_MAX && strstr(out, "aaa[...]aaa") &&
		   !strcmp(out + strlen(out) - 9, ": reason!"),
	   "of a long text the middle goes, and the reason at its end stays");
	memset(text, '\xff', sizeof(text) - 1);
	sysgenid_escape(text, out);
	ok(strlen(out) < sizeof(out), "the longest result has its room");
	text[SYSGENID_ESCAPE_MAX] = '\0';
	sysgenid_escape(text, out);
	ok(strlen(out) == sizeof(out) - 1, "which is just enough");
}

int main(void)
{
	test_kept();
	test_controls();
	test_invalid();
	test_long();
	return tap_done();
}
