/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs another program for a bounded time and reads its output. */
#ifndef SYSGENID_DOCTOR_ASK_H
#define SYSGENID_DOCTOR_ASK_H

#include <stdbool.h>
#include <stddef.h>

#define ASK_MS 10000 /* for a program that only prints its version */

enum ask_end {
	ASK_DONE,    /* the program ended with status 0 */
	ASK_MISSING, /* there is no such program, or it cannot be run */
	ASK_FAILED,  /* the program ended with another status, or by a signal */
	ASK_LATE,    /* the program was killed at the time limit */
};

struct answer {
	enum ask_end end;
	int ms; /* how long it took */
	size_t size;
	char text[16384]; /* the beginning of the program's output, and a 0 */
};

/*
 * Runs @argv, which is looked up in PATH, with nothing to read, for at most @limit_ms.
 * @errors_too: its standard error is a part of the answer; otherwise it is thrown away.
 * @doing is shown to a person who waits at a terminal.
 */
void ask(struct answer *answer, const char *doing, const char *const argv[], int limit_ms,
	 bool errors_too);

/* Returns the first line with @part, cut off from the rest of @text; NULL if there is none. */
char *line_with(char *text, const char *part);

#endif
