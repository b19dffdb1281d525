// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a node's containers cost: the time of a system-wide event, and the memory of a counter,
 * with N containers that have the counter mapped, each in a PID namespace of its own.
 *
 *	node-cost N	they stay until standard input ends
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsysgenid.h>

#include "bench.h"

#define ROUNDS 9
#define MOST 10000

static int go[2], ready[2]; /* pipes: "open the counter", and "it is open" */
static pid_t containers[MOST];

static void read_byte(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		bench_die("read");
}

static void write_byte(int fd)
{
	if (write(fd, "", 1) != 1)
		bench_die("write");
}

static _Noreturn void container(void)
{
	struct sysgenid *id;

	write_byte(ready[1]);
	read_byte(go[0]);
	errno = -sysgenid_open(&id, "/dev/sysgenid", 0);
	if (errno)
		bench_die("cannot open the counter in a container");
	write_byte(ready[1]);
	for (;;)
		pause();
}

/* A container has said why. */
static void container_died(int signal)
{
	(void)signal;
	_exit(1);
}

static void start(int n)
{
	signal(SIGCHLD, container_died);
	for (int i = 0; i < n; i++) {
		containers[i] = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
		if (containers[i] < 0)
			bench_die("clone");
		if (!containers[i])
			container();
		read_byte(ready[0]);
	}
}

static double free_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	double kb = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lf", &kb) == 1)
			break;
	if (!file || !kb)
		bench_die("/proc/meminfo");
	fclose(file);
	return kb;
}

static double event_ns(void)
{
	double ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double begin = bench_now();

		errno = -sysgenid_trigger(0, 0, NULL, NULL);
		if (errno)
			bench_die("trigger");
		ns[i] = bench_now() - begin;
	}
	return bench_median(ns, ROUNDS);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	char byte;
	double before, after;

	if (n < 1 || n > MOST || pipe(go) || pipe(ready))
		bench_die("usage: node-cost N");
	start(n);
	before = free_kb();
	for (int i = 0; i < n; i++)
		write_byte(go[1]);
	for (int i = 0; i < n; i++)
		read_byte(ready[0]);
	after = free_kb();
	printf("node: %5d containers: an event of the system takes %8.0f us, a counter %5.1f kB\n",
	       n, event_ns() / 1000, (before - after) / n);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < n; i++)
		kill(containers[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
