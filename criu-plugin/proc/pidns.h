/* SPDX-License-Identifier: GPL-2.0-only */
/* PID namespaces: the system's and those of containers. Each PID namespace has its own counter. */
#ifndef SYSGENID_PIDNS_H
#define SYSGENID_PIDNS_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Opens the PID namespace of a task; pid 0: of this process. Returns a descriptor or -errno. */
int sysgenid_pidns_open(pid_t pid);

/* Identifies the PID namespace of a task. Returns 0 or -errno. */
int sysgenid_pidns_stat(pid_t pid, struct stat *pidns);

/*
 * The same for criu's own, which is looked up once, since it cannot change. Not for tasks that are
 * being restored, which have criu's memory and maybe another PID namespace.
 */
int sysgenid_pidns_stat_criu(struct stat *pidns);

/*
 * The inode number of the system's PID namespace: PROC_PID_INIT_INO in the kernel's
 * include/linux/proc_ns.h, unchanged since Linux 3.8.
 */
#define SYSGENID_PIDNS_SYSTEM 0xEFFFFFFCu

/* Returns whether the namespace is the system's, which belongs to the initial user namespace. */
bool sysgenid_pidns_is_system(int fd);

/* Returns whether criu is in another PID namespace than the system's. */
bool sysgenid_pidns_is_inside(void);

#endif
