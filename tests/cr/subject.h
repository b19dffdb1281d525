/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that tests dump and restore, called subjects. Like a foreign program, a subject uses the
 * uapi header and none of the project's other code. A subject writes what it sees to standard
 * output, a line at a time. The line "ready" says that the subject has prepared everything.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdint.h>

#include <linux/sysgenid.h>

/* args: the command line from the subject's name on. Returns the exit status. */
typedef int subject_fn(char **args);

subject_fn subject_idle, subject_mapping, subject_look, subject_jailed, subject_forked,
	subject_threads;
subject_fn subject_file, subject_shared, subject_mixed;
subject_fn subject_sleepers;
subject_fn subject_hostile;
subject_fn subject_fuse;
subject_fn subject_vmclock, subject_vmclock_file;
subject_fn subject_draw, subject_rng_generation, subject_reseed_until;
subject_fn host_kcmp, host_wait, host_trigger, host_page, host_crowd;

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says what failed and why, and ends the program. */
void die(const char *what) __attribute__((noreturn));
long long now_ns(void); /* CLOCK_REALTIME, the same inside and outside of a container */

int open_device(int flags);
/* Maps four bytes and closes the file, as AWS-LC does. */
const uint32_t *map_and_close(void);
/* burst: the number of looks between two pauses; 0: no pause */
void look_for_ever(const char *who, const uint32_t *word, unsigned int burst)
	__attribute__((noreturn));
#define BURST 2000
void read_and_acknowledge(const char *who, int fd); /* fd must not block */
void acknowledge(const char *who, int fd, uint32_t generation);
void expect_signals(void); /* to be called before any thread is made */
void await_signal(void);   /* waits for SIGUSR1 */
void start_thread(void *(*body)(void *), void *arg);

#endif /* SUBJECT_H */
