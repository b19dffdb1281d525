// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads plugins that each have a copy of a library for themselves. A thread draws from the last one
 * all the time, and children of fork() draw from it once. Says how many of them did.
 *
 *	forks PLUGIN...
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORKS 300
#define LIMIT_MS 20000

static int (*draw)(void);

static int load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 0;
	}
	draw = (int (*)(void))dlsym(library, "draw");
	return draw && draw();
}

static void *draw_on(void *unused)
{
	(void)unused;
	while (draw())
		;
	return NULL;
}

/* A child that waits for a lock has all signals blocked but this one. */
static int ends(pid_t pid)
{
	int status;

	for (int ms = 0; ms < LIMIT_MS; ms++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return !status;
		usleep(1000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int n = 0;

	for (int i = 1; i < argc; i++)
		if (!load(argv[i]))
			return 3;
	if (!draw || pthread_create(&thread, NULL, draw_on, NULL))
		return 4;
	for (; n < FORKS; n++) {
		pid_t pid = fork();

		if (!pid)
			_exit(draw() ? 0 : 1);
		if (pid < 0 || !ends(pid))
			break;
	}
	printf("%d\n", n);
	fflush(stdout);
	_exit(0);
}
