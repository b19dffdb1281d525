// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysgenid-hook: gives containers the generation counter. Container runtimes start it, with a
 * stage's name.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <counterfile-page.h>
#include <counterfile-view.h>

#include "counterfile.h"
#include "hook.h"
#include "input.h"
#include "stages.h"

#define TIME_LIMIT_S 120 /* more than all waits in here together: two leases take 90 */

static const char help[] =
	"usage: sysgenid-hook precreate | create-runtime | poststart | poststop   (a container "
	"runtime)\n"
	"       sysgenid-hook make ID | remove ID | clean                         (an "
	"administrator)\n"
	"\n"
	"Gives containers the generation counter. The first four read the container's "
	"configuration\n"
	"or its OCI state from standard input; annotation " HOOK_ANNOTATION "=device|file|auto\n"
	"asks for it, " HOOK_ANNOTATION_VIEW "=... for its view as " SYSGENID_VIEW_AT
	",\n" HOOK_ANNOTATION_WAIT "=MS waits for tracked watchers.\n"
	"\n"
	"  make ID       makes the counter " SYSGENID_REGISTRY "/ID/" SYSGENID_REGISTRY_FILE "\n"
	"                and its view " SYSGENID_REGISTRY_VIEW
	", unless they are there; they stay until they are\n"
	"                removed by ID, or their container ends\n"
	"  remove ID     removes both, unless one is mounted\n"
	"  clean         removes those that are mounted nowhere and an hour old\n";

/*
 * The hook needs to be root, since it makes files of root in folders of root. Only looking into
 * other namespaces needs capabilities.
 */
static bool is_needed(cap_value_t capability, const char *command)
{
	const bool removes = !strcmp(command, "poststop") || !strcmp(command, "remove") ||
			     !strcmp(command, "clean");

	switch (capability) {
	case CAP_SYS_PTRACE:
		return removes || !strcmp(command, "poststart");
	case CAP_CHECKPOINT_RESTORE:
		return !strcmp(command, "poststart");
	default:
		/* Entering a mount namespace needs this one; there is no smaller one. */
		return removes;
	}
}

static int drop_capabilities(const char *command)
{
	static const cap_value_t some[] = { CAP_SYS_PTRACE, CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN,
					    CAP_SYS_CHROOT };
	cap_t old = cap_get_proc(), new = cap_init();
	int error = !old || !new;

	for (size_t i = 0; !error && i < sizeof(some) / sizeof(some[0]); i++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (!is_needed(some[i], command) ||
		    cap_get_flag(old, some[i], CAP_PERMITTED, &has) || has != CAP_SET)
			continue;
		error = cap_set_flag(new, CAP_PERMITTED, 1, &some[i], CAP_SET) ||
			cap_set_flag(new, CAP_EFFECTIVE, 1, &some[i], CAP_SET);
	}
	/* No program that this process might start can get more. */
	if (!error)
		error = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || cap_set_proc(new);
	cap_free(old);
	cap_free(new);
	return error ? hook_fail("cannot drop capabilities: %s", strerror(errno)) : 0;
}

static int run_stage(const char *stage)
{
	static const struct {
		const char *name, *input;
		int (*run)(struct json_object *input);
	} stages[] = {
		{ "precreate", "an OCI configuration", hook_precreate },
		{ "create-runtime", "the state of a container", hook_create_runtime },
		{ "poststart", "the state of a container", hook_poststart },
		{ "poststop", "the state of a container", hook_poststop },
	};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		cleanup_json struct json_object *input = NULL;

		if (strcmp(stage, stages[i].name))
			continue;
		input = hook_read_object(STDIN_FILENO, stages[i].input);
		return input ? stages[i].run(input) : 1;
	}
	hook_fail("unknown stage '%.32s': see 'sysgenid-hook --help'", stage);
	return 2;
}

/* Makes a file whose container may be restored at any time later: it does not grow stale. */
static int make_kept(const char *name)
{
	int error = hook_counterfile_make(name);

	return error ? error : hook_counterfile_keep(name);
}

static int run_named(const char *command, const char *name)
{
	int error;

	if (!hook_name_is_good(name))
		return hook_fail("'%.64s' cannot be a name: letters, digits and _.+- are allowed",
				 name);
	error = strcmp(command, "make") ? hook_counterfile_remove(name, false) : make_kept(name);
	if (error == -EBUSY)
		return hook_fail(SYSGENID_REGISTRY
				 "/%s is mounted by a running container: stop it first",
				 name);
	return error ? hook_fail("cannot %s " SYSGENID_REGISTRY "/%s: %s: run it as root", command,
				 name,
				 error == -ENOTTY ? "the file there is not a counter"
						  : hook_reason(error))
		     : 0;
}

static void __attribute__((noreturn)) give_up(int signal)
{
	static const char text[] =
		"sysgenid-hook: not done in time: a process or file system does not answer, or "
		"there are millions of mounts to look at; run 'sysgenid-hook clean' later\n";

	(void)signal;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) > 0 ? 1 : 2);
}

static void limit_time(void)
{
	const struct sigaction action = { .sa_handler = give_up };

	sigaction(SIGALRM, &action, NULL);
	alarm(TIME_LIMIT_S);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	const bool named = !strcmp(command, "make") || !strcmp(command, "remove");
	int error;

	if (argc > 1 && (!strcmp(command, "--help") || !strcmp(command, "-h"))) {
		fputs(help, stdout);
		return fflush(stdout) ? 1 : 0;
	}
	if (argc > 1 && (!strcmp(command, "--version") || !strcmp(command, "-V"))) {
		puts("sysgenid-hook " SYSGENID_VERSION);
		return fflush(stdout) ? 1 : 0;
	}
	if (argc != (named ? 3 : 2)) {
		hook_fail("wrong arguments: see 'sysgenid-hook --help'");
		return 2;
	}
	umask(022);
	limit_time();
	if (drop_capabilities(command))
		return 1;
	if (named)
		return run_named(command, argv[2]);
	if (strcmp(command, "clean"))
		return run_stage(command);
	error = hook_counterfile_remove(NULL, true);
	return error && error != -EBUSY
		       ? hook_fail("cannot clean " SYSGENID_REGISTRY ": %s: run it as root",
				   hook_reason(error))
		       : 0;
}
