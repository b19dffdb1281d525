// SPDX-License-Identifier: GPL-2.0-only
/* Subjects that have the counter mapped. */
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "subject.h"

#define THREADS 3
#define REST_US 2000

int open_device(int flags)
{
	int fd = open(SYSGENID_DEVICE, flags);

	if (fd < 0)
		die("open " SYSGENID_DEVICE);
	return fd;
}

const uint32_t *map_and_close(void)
{
	struct stat stat_buf;
	void *word;
	int fd;

	if (stat(SYSGENID_DEVICE, &stat_buf))
		die("stat " SYSGENID_DEVICE);
	fd = open_device(O_RDONLY);
	word = mmap(NULL, sizeof(uint32_t), PROT_READ, MAP_SHARED, fd, 0);
	if (word == MAP_FAILED)
		die("mmap");
	close(fd);
	return word;
}

/*
 * The time is taken before the load. So if a line "last OLD begun T" has a T after the start of a
 * restore, a restored task has loaded an old value, wherever it was preempted.
 */
void look_for_ever(const char *who, const uint32_t *word, unsigned int burst)
{
	uint32_t seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
	long long begun, seen_begun = now_ns();

	say("%s sees %u", who, seen);
	for (unsigned int looks = 1;; looks++) {
		uint32_t value;

		if (looks == burst) {
			usleep(REST_US);
			looks = 0;
		}
		begun = now_ns();
		value = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		if (value != seen) {
			say("%s sees %u begun %lld last %u begun %lld", who, value, begun, seen,
			    seen_begun);
			seen = value;
		}
		seen_begun = begun;
	}
}

static const uint32_t *map_other(const char *path)
{
	int fd = open(path, O_RDONLY);
	void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);

	if (fd < 0 || page == MAP_FAILED)
		die(path);
	close(fd);
	return page;
}

int subject_look(char **args)
{
	const uint32_t *word;

	if (!args[1])
		return 2;
	word = map_other(args[1]);
	say("ready");
	look_for_ever(args[0], word, BURST);
}

static void *idle(void *unused)
{
	while (pause())
		;
	return unused;
}

/* A child changes its root: criu dumps no container whose first process has done so. */
int subject_jailed(char **args)
{
	static char jail[] = "/tmp/jail-XXXXXX";
	const uint32_t *word;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	start_thread(idle, NULL);
	while (pid)
		pause();
	if (!args[1])
		return 2;
	word = map_other(args[1]);
	if (!mkdtemp(jail) || chroot(jail) || chdir("/"))
		die(jail);
	say("ready");
	look_for_ever(args[0], word, BURST);
}

int subject_idle(char **args)
{
	say("ready");
	idle(args);
	return 0;
}

int subject_mapping(char **args)
{
	const uint32_t *word = map_and_close();

	say("ready");
	look_for_ever(args[0], word, 0);
}

static void start_child(const char *who, const uint32_t *word)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		look_for_ever(who, word ? word : map_and_close(), BURST);
}

int subject_forked(char **args)
{
	(void)args;
	/* Started first, so that mapper does not inherit the mapping of its parent. */
	start_child("mapper", NULL);
	start_child("heir", map_and_close());
	say("ready");
	for (;;)
		pause();
}

struct looker {
	const char *who;
	const uint32_t *word;
};

static void *look(void *arg)
{
	const struct looker *looker = arg;

	look_for_ever(looker->who, looker->word, BURST);
}

int subject_threads(char **args)
{
	static const char *const names[THREADS] = { "first", "second", "third" };
	static struct looker lookers[THREADS];
	const uint32_t *word = map_and_close();

	(void)args;
	for (int i = 0; i < THREADS; i++) {
		lookers[i] = (struct looker){ names[i], word };
		start_thread(look, &lookers[i]);
	}
	say("ready");
	for (;;)
		pause();
}
