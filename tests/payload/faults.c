// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation that the modules make for a call fails once: the first, the second, and so on
 * until the call makes no more. The call then says ENOMEM and has changed nothing, and the same
 * call succeeds afterwards. By sysgenid_fail.ko, as root in the initial PID namespace.
 * usage: faults calls | bind DRIVER DEVICE (folder in sysfs, name)
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "genl.h"
#include "tap.h"

#define LIMIT_SECONDS 100
#define MOST_FAULTS 50
#define NTH "/sys/module/sysgenid_fail/parameters/nth"

static int nth_fd;
static struct genl family;

static void open_nth(void)
{
	nth_fd = open(NTH, O_RDWR | O_CLOEXEC);
	must(nth_fd >= 0);
}

/* The nth allocation from now on fails; 0: none. */
static void arm(int nth)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%d", nth);

	must(pwrite(nth_fd, text, (size_t)size, 0) == size);
}

/* Returns whether it has happened. */
static bool disarm(void)
{
	char text[16] = "";

	must(pread(nth_fd, text, sizeof(text) - 1, 0) > 0);
	arm(0);
	return text[0] == '0';
}

/* The calls give 0 or an error number. */
static int call_open(void)
{
	int fd = open(SYSGENID_DEVICE, O_RDWR | O_CLOEXEC), error = errno;

	if (fd < 0)
		return error;
	close(fd);
	return 0;
}

static int ask(uint8_t command)
{
	struct genl_reply reply;
	int ret = genl_ask(&family, command, NULL, &reply);

	return ret ? -ret : reply.error;
}

static int call_get(void)
{
	return ask(SYSGENID_CMD_GET);
}

static int call_trigger(void)
{
	return ask(SYSGENID_CMD_TRIGGER);
}

static int call_reseed(void)
{
	return ask(SYSGENID_CMD_RESEED);
}

static const char *driver, *device;

static int write_driver(const char *what)
{
	char path[256];
	int fd, error;

	snprintf(path, sizeof(path), "%s/%s", driver, what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0);
	error = write(fd, device, strlen(device)) < 0 ? errno : 0;
	close(fd);
	return error;
}

/* What a probe of the driver sets up is taken back by its end. */
static int call_bind(void)
{
	int error = write_driver("bind");

	if (!error)
		must(write_driver("unbind") == 0);
	return error;
}

/*
 * Returns how many allocations failed, each with ENOMEM, and with success at the next try; or
 * -1000 less the number of the first that was not so.
 */
static int each_fault(int (*call)(void), bool must_not_move)
{
	uint32_t before;
	int nth, error;

	for (nth = 1; nth <= MOST_FAULTS; nth++) {
		before = generation();
		arm(nth);
		error = call();
		if (!disarm())
			break;
		if (error != ENOMEM || (must_not_move && generation() != before) || call())
			return -1000 - nth;
	}
	return error ? -2000 - error : nth - 1;
}

static void check(const char *name, int (*call)(void), int least, bool must_not_move)
{
	int faults = each_fault(call, must_not_move);

	tap_ok(faults >= least && faults < MOST_FAULTS,
	       "%s: each allocation that fails is told, and changes nothing", name);
	tap_diag("%s: %d", name, faults);
}

/* As the first process of a PID namespace: each open makes the domain. */
static int open_first(void)
{
	open_nth();
	return each_fault(call_open, true);
}

static void check_new_domain(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	int status;

	must(pid >= 0);
	if (!pid) {
		int faults = open_first();

		_exit(faults < 0 ? 255 : faults);
	}
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	tap_is(WEXITSTATUS(status), 3, "open, which makes a domain: so does each of three");
	for (int i = 0; sysfs_number("domains") && i < 1000; i++)
		pause_ms(5);
	tap_is(sysfs_number("domains"), 0, "no domain is left");
}

int main(int argc, char **argv)
{
	time_limit(LIMIT_SECONDS);
	device_setup();
	open_nth();
	if (argc == 2 && strcmp(argv[1], "calls") == 0) {
		must(genl_open(&family) == 0);
		check("open", call_open, 1, true);
		check("GET", call_get, 1, true);
		check("TRIGGER", call_trigger, 1, true);
		check("RESEED", call_reseed, 1, true);
		check_new_domain();
	} else if (argc == 4 && strcmp(argv[1], "bind") == 0) {
		driver = argv[2];
		device = argv[3];
		check("bind", call_bind, 4, true);
	} else {
		tap_bail("usage: faults calls | bind DRIVER DEVICE");
	}
	return tap_done();
}
