// SPDX-License-Identifier: GPL-2.0-only
/*
 * A copy that was restored never takes itself for one that goes on. A container wanders between
 * files; others are restored and go on with the same files; whoever resumes is killed at times.
 */
#define _GNU_SOURCE
#include <counterfile-page.h>

#include <stdlib.h>

#include "tap.h"

#define FILES 3
#define STEPS 2000000

static struct sysgenid_page files[FILES];

static struct {
	struct sysgenid_page *file;
	uint32_t generation, restored; /* what it saw last */
	bool was_restored;	       /* has it been since then? */
	bool others_did;	       /* has the file moved by anything but a whole resume? */
	unsigned long told;	       /* how often it was a resume */
} container;

static struct sysgenid_page *any(void)
{
	return &files[random() % FILES];
}

/* A kill after the number was drawn: what is said of it is not stored. */
static void resume(struct sysgenid_page *file)
{
	const bool killed = random() % 4 == 0;

	if (killed)
		counterfile_raise(file, 0);
	else
		counterfile_resume(file);
	container.others_did |= killed && file == container.file;
}

static void restore_another(struct sysgenid_page *file)
{
	counterfile_raise(file, random() % 2 ? 0 : file->generation + random() % 3);
	container.others_did |= file == container.file;
}

/* Dumped, with the switch at times, and restored onto any file. */
static void migrate(void)
{
	uint32_t mark = container.file->generation;

	if (random() % 2)
		resume(container.file);
	container.file = any();
	counterfile_raise(container.file, mark + 1);
	container.was_restored = true;
}

/* Returns whether what it is told is true. */
static bool look(void)
{
	uint32_t generation, restored = counterfile_restored(container.file, &generation);
	const bool same = restored == container.restored;
	const bool good = same ? !container.was_restored && !container.others_did
			       : container.was_restored || container.others_did;

	container.told += same && generation != container.generation;
	container.generation = generation;
	container.restored = restored;
	container.was_restored = container.others_did = false;
	return good;
}

int main(void)
{
	unsigned long wrong = 0;

	srandom(1);
	for (int i = 0; i < FILES; i++)
		files[i].generation = 1 + (uint32_t)random() % 20;
	container.file = any();
	look();
	for (int i = 0; i < STEPS; i++) {
		switch (random() % 8) {
		case 0:
		case 3:
			resume(any());
			break;
		case 1:
			restore_another(any());
			break;
		case 2:
			migrate();
			break;
		default:
			wrong += !look();
		}
	}
	is_int((long long)wrong, 0, "a resume is told if and only if there was nothing else");
	ok(container.told > STEPS / 100, "resumes are told");
	return tap_done();
}
