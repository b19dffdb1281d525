/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that are dumped and restored. They know the uapi header and none of the project's other
 * code, as a foreign program would. What they see they write to their standard output, a line at
 * a time; "ready" says that there is nothing to prepare any more.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdint.h>

#include <linux/sysgenid.h>

/* Words of the command line from the subject's name on. The result is the exit status. */
typedef int subject_fn(char **args);

subject_fn subject_idle, subject_mapping, subject_look, subject_jailed, subject_forked,
	subject_threads;
subject_fn subject_file, subject_shared, subject_mixed;
subject_fn subject_sleepers;
subject_fn subject_hostile;
subject_fn subject_fuse;
subject_fn subject_draw, subject_rng_generation, subject_reseed_until;
subject_fn host_kcmp, host_wait, host_trigger, host_page, host_crowd;

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says what failed and why, and ends the program. */
void die(const char *what) __attribute__((noreturn));
long long now_ns(void); /* CLOCK_REALTIME, which is the same inside and outside */

int open_device(int flags);
/* As AWS-LC does it: four bytes, and no file kept. */
const uint32_t *map_and_close(void);
/* burst: rest a moment after so many looks, 0: never */
void look_for_ever(const char *who, const uint32_t *word, unsigned int burst)
	__attribute__((noreturn));
#define BURST 2000
void read_and_acknowledge(const char *who, int fd); /* fd does not block */
void acknowledge(const char *who, int fd, uint32_t generation);
void expect_signals(void); /* before any thread is made */
void await_signal(void);   /* SIGUSR1 */
void start_thread(void *(*body)(void *), void *arg);

#endif /* SUBJECT_H */
