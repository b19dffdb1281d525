// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "subject.h"

static const struct {
	const char *name;
	subject_fn *run;
	const char *help;
} commands[] = {
	{ "mapping", subject_mapping, "keeps a mapping and no file, and looks at it all the time" },
	{ "idle", subject_idle, "does nothing" },
	{ "look", subject_look, "FILE: the same at a page of another file" },
	{ "jailed", subject_jailed,
	  "FILE: the same in a child that has changed its root to an empty directory" },
	{ "forked", subject_forked,
	  "the same in a child that inherits, and in one that maps itself" },
	{ "threads", subject_threads, "three threads that look at one mapping all the time" },
	{ "file", subject_file, "[tracked]: a file and no mapping" },
	{ "shared", subject_shared, "a tracked file that a child has by fork and dup" },
	{ "mixed", subject_mixed, "files opened in different ways, and a mapping" },
	{ "sleepers", subject_sleepers, "asleep in read, poll, epoll_wait and WAIT_WATCHERS" },
	{ "draw", subject_draw, "THREADS: draws from libc's getrandom at each SIGUSR1" },
	{ "rng-generation", subject_rng_generation, "prints the kernel's RNG generation" },
	{ "reseed-until", subject_reseed_until,
	  "N: makes that generation N; fails if it is above" },
	{ "hostile", subject_hostile,
	  "FILE [hold]: tries all that can be tried with a counter file" },
	{ "fuse", subject_fuse, "FILE: serves a file by FUSE" },
	{ "vmclock", subject_vmclock, "has the view mapped, and draws at each SIGUSR1" },
	{ "vmclock-file", subject_vmclock_file, "has it open, polls and reads at each SIGUSR1" },
	{ "kcmp", host_kcmp, "PID FD PID FD: prints same or different" },
	{ "wait", host_wait, "MS: WAIT_WATCHERS" },
	{ "crowd", host_crowd,
	  "N: bystanders in PID namespaces of their own; tells of them at SIGUSR1" },
	{ "page", host_page, "FILE [GENERATION]: makes a counter file, prints its generation" },
	{ "trigger", host_trigger, "[MIN]: TRIGGER_GEN_UPDATE, prints the generation after it" },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < N_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argv + 1);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(stderr, "subject %s: %s\n", commands[i].name, commands[i].help);
	return 2;
}
