/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the test program lib-guest. */
#ifndef SYSGENID_LIB_GUEST_H
#define SYSGENID_LIB_GUEST_H

#include "libsysgenid.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "helpers.h"
#include "tap.h"

#define PATIENCE_MS 20000 /* for what is to happen soon, on a slow machine */

struct sysgenid *open_counter(void);
uint32_t trigger(void);
void trigger_fast(const struct sysgenid *id);
struct sysgenid_status get_status(void);
bool is_readable(int fd);
/* Keeps one capability, or none with a negative number. */
void keep_capability(int capability);
void start_thread(pthread_t *thread, void *(*work)(void *), void *argument);

/* Waits until a thread is blocked in a system call. */
void await_blocked(pid_t thread, long call);

/* Sends a thread signals (SIGUSR1, without restart of system calls) until it is stopped. */
void start_signals(pthread_t target);
void stop_signals(void);

void test_wait(void);
void test_wait_watchers(void);
void test_fork(void);
void test_privileges(void);
void test_domains(void);
void test_events(void);
void test_settled(void);
void test_domain_events(void);

#endif /* SYSGENID_LIB_GUEST_H */
