// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every sentence of the uapi header about the device, as a check. To be run as root with the module
 * just loaded. Built for 64 and for 32 bits.
 * usage: abi | abi domain (the same in a PID namespace of its own)
 */
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "abi.h"
#include "device.h"
#include "tap.h"

#define LIMIT_SECONDS 100

/* Goes on in a child that is the first process of a PID namespace, with a /proc for it. */
static void enter_domain(void)
{
	int status;
	pid_t pid;

	must(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid) {
		must(waitpid(pid, &status, 0) == pid);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 255);
	}
	must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	must(mount("proc", "/proc", "proc", 0, NULL) == 0);
}

int main(int argc, char **argv)
{
	bool domain = argc == 2 && strcmp(argv[1], "domain") == 0;

	if (domain)
		enter_domain();
	else if (argc != 1)
		tap_bail("usage: abi [domain]");
	time_limit(LIMIT_SECONDS);
	abi_node();
	device_setup();
	/* A domain begins above the highest number of the system's, which is 0. */
	abi_open(domain ? 1 : 0);
	abi_read();
	abi_write();
	abi_acknowledge();
	abi_other_calls();
	abi_fdinfo();
	abi_poll();
	abi_epoll();
	abi_map_rules();
	abi_map_contents();
	abi_map_life();
	abi_tracking();
	abi_wait_returns();
	abi_wait_wakes();
	abi_wait_signal();
	abi_mark();
	abi_mark_others();
	abi_trigger();
	abi_privilege();
	abi_wrap();
	return tap_done();
}
