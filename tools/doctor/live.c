// SPDX-License-Identifier: GPL-2.0-only
/*
 * The criu of this machine dumps and restores a small process, which tells whether its generation
 * has moved. criu runs with the machine's configuration, as each of its callers would start it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/report.h"

#include "ask.h"
#include "checks.h"
#include "counterfile-page.h"
#include "../base/finding.h"
#include "subject.h"

#define CRIU_MS 60000 /* for a dump or a restore; a quiet machine takes a tenth of a second */
#define SEEN_MS 5000  /* for the restored process, to see a generation that has moved */

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/sysgenid"
#endif
#define HOOK LIBEXECDIR "/sysgenid-hook"

struct trial {
	const struct criu *criu;
	const struct criu_caller *caller;
	char directory[64];  /* nobody else can look into it */
	const char *counter; /* NULL: the device */
	int dump_ms, restore_ms;
};

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Finds the first error in criu's log, criu's or the plugin's. Returns @text. */
static const char *reason_in(const struct trial *trial, const char *log, char *text, size_t size)
{
	char path[128], line[512];
	FILE *file;

	snprintf(text, size, "its log says nothing");
	snprintf(path, sizeof(path), "%s/%s", trial->directory, log);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		const char *words = strstr(line, "Error (");

		line[strcspn(line, "\n")] = '\0';
		if (!words || !(words = strstr(words, "): ")))
			continue;
		snprintf(text, size, "%s", words + 3);
		if (strstr(words, "sysgenid"))
			break;
	}
	if (file)
		fclose(file);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return text;
}

/* Returns whether criu has loaded the plugin, which then stores its image. */
static bool has_plugin_image(const struct trial *trial)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/sysgenid.img", trial->directory);
	return !access(path, F_OK);
}

static void fail(const struct trial *trial, const char *advice, const char *what, const char *why)
{
	finding_add(FINDING_PROBLEM, "live", advice, "%s, as %s starts it: %s: %s",
		    trial->criu->path, trial->caller->name, what, why);
}

static void fail_criu(const struct trial *trial, const struct answer *answer, const char *doing,
		      const char *log)
{
	char what[64], why[512];

	snprintf(what, sizeof(what), "%s %s", doing,
		 answer->end == ASK_LATE ? "did not end in time" : "failed");
	fail(trial, "see the other findings; criu's log has more if you do the same by hand", what,
	     reason_in(trial, log, why, sizeof(why)));
}

static bool dump(struct trial *trial, pid_t pid)
{
	char number[16];
	const char *const argv[] = { trial->criu->path, "dump", "-t",	    number, "-D",
				     trial->directory,	"-o",	"dump.log", "-v4",  NULL };
	struct answer answer;

	snprintf(number, sizeof(number), "%d", pid);
	ask(&answer, "dumping a process", argv, CRIU_MS, false);
	trial->dump_ms = answer.ms;
	if (answer.end == ASK_DONE && has_plugin_image(trial))
		return true;
	if (has_plugin_image(trial))
		fail_criu(trial, &answer, "the dump", "dump.log");
	else
		fail_criu(trial, &answer, "the plugin was not at work, and the dump", "dump.log");
	return false;
}

static pid_t read_pid(const struct trial *trial)
{
	char path[128];
	FILE *file;
	int pid = -1;

	snprintf(path, sizeof(path), "%s/pid", trial->directory);
	file = fopen(path, "re");
	if (file && fscanf(file, "%d", &pid) != 1)
		pid = -1;
	if (file)
		fclose(file);
	return pid;
}

static void restore(struct trial *trial)
{
	char pidfile[128];
	const char *const argv[] = { trial->criu->path, "restore", "-d",	  "-D",
				     trial->directory,	"-o",	   "restore.log", "-v4",
				     "--pidfile",	pidfile,   NULL };
	struct answer answer;
	enum subject_end end;
	pid_t pid;

	snprintf(pidfile, sizeof(pidfile), "%s/pid", trial->directory);
	ask(&answer, "restoring it", argv, CRIU_MS, false);
	trial->restore_ms = answer.ms;
	pid = read_pid(trial);
	if (answer.end != ASK_DONE || pid <= 0) {
		fail_criu(trial, &answer, "the restore", "restore.log");
		if (pid > 0)
			subject_kill(pid);
		return;
	}
	end = subject_await(pid, SEEN_MS);
	subject_kill(pid);
	if (end == SUBJECT_MOVED)
		finding_add(FINDING_GOOD, "live", NULL,
			    "%s, as %s starts it: the generation moved; dump %d ms, restore %d ms",
			    trial->criu->path, trial->caller->name, trial->dump_ms,
			    trial->restore_ms);
	else
		fail(trial, "see the other findings", "the generation did not move",
		     end == SUBJECT_RUNS ? "the restored process has seen no change"
					 : "the restored process has ended");
	finding_add_number("dump_ms", (uint32_t)trial->dump_ms);
	finding_add_number("restore_ms", (uint32_t)trial->restore_ms);
}

static void dump_and_restore(struct trial *trial)
{
	pid_t pid = subject_start(trial->counter);
	bool dumped;

	if (pid < 0) {
		fail(trial, "see the findings about module and device",
		     "cannot start a process that uses the counter", strerror(-pid));
		return;
	}
	if (subject_await(pid, 0) != SUBJECT_RUNS) {
		fail(trial, "try again", "no dump",
		     "the generation was moved by something else meanwhile");
		return;
	}
	dumped = dump(trial, pid);
	/* A configuration may tell criu to leave the process running. */
	subject_kill(pid);
	if (dumped)
		restore(trial);
}

static void run_trial(struct trial *trial)
{
	const char *old = getenv("CRIU_CONFIG_FILE");
	char *kept = old ? strdup(old) : NULL;

	snprintf(trial->directory, sizeof(trial->directory), "/run/sysgenid-doctor-XXXXXX");
	if (!mkdtemp(trial->directory)) {
		fail(trial, "make room in /run", "cannot make a directory", strerror(errno));
		free(kept);
		return;
	}
	/* criu reads this file after the others, like the file that a runtime names. */
	if (trial->caller->config[0])
		setenv("CRIU_CONFIG_FILE", trial->caller->config, 1);
	dump_and_restore(trial);
	if (kept)
		setenv("CRIU_CONFIG_FILE", kept, 1);
	else
		unsetenv("CRIU_CONFIG_FILE");
	free(kept);
	nftw(trial->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/*
 * Makes a counter file for this process only, if the module is not loaded: no other generation
 * moves.
 */
static bool make_counter(char *name, size_t name_size, char *path, size_t path_size)
{
	struct answer answer;

	snprintf(name, name_size, "doctor-%d", getpid());
	snprintf(path, path_size, SYSGENID_REGISTRY "/%s/" SYSGENID_REGISTRY_FILE, name);
	ask(&answer, "making a counter file", (const char *const[]){ HOOK, "make", name, NULL },
	    ASK_MS, true);
	if (answer.end == ASK_DONE)
		return true;
	finding_add(FINDING_PROBLEM, "live",
		    "load the module, or install the package sysgenid-container-hooks (or 'make "
		    "install')",
		    "no device, and " HOOK " makes no counter file: nothing was tried");
	return false;
}

static void try_all(const struct criu_list *list, const struct criu_callers *callers,
		    const char *counter)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = 0; k < callers->n; k++) {
			struct trial trial = { .criu = &list->criu[i],
					       .caller = &callers->caller[k],
					       .counter = counter };

			/*
			 * A caller whose configuration file does not exist starts criu like the
			 * first caller.
			 */
			if (!k || !access(trial.caller->config, F_OK))
				run_trial(&trial);
		}
}

void doctor_check_live(const struct criu_list *list, const struct criu_callers *callers)
{
	char name[32], path[128];
	bool in_file = access("/sys/module/sysgenid", F_OK);
	struct answer answer;

	if (!list->n) {
		finding_add(FINDING_PROBLEM, "live", "install criu", "there is no criu to try");
		return;
	}
	if (in_file && !make_counter(name, sizeof(name), path, sizeof(path)))
		return;
	/* A process that criu has restored becomes our child when criu ends. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	try_all(list, callers, in_file ? path : NULL);
	if (in_file)
		ask(&answer, "removing the counter file",
		    (const char *const[]){ HOOK, "remove", name, NULL }, ASK_MS, true);
}
