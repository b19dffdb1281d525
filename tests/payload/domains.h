/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes in PID namespaces of their own. */
#ifndef DOMAINS_H
#define DOMAINS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/sysgenid.h>

#include "genl.h"

/*
 * The first process of a PID namespace. It has the device open, tracked, and sleeps in read; each
 * generation that it reads it acknowledges. The test has got its file by SCM_RIGHTS.
 */
struct box {
	pid_t pid; /* as seen from here */
	int fd;
	int namespace; /* descriptor of its PID namespace */
	uint32_t domain;
	const volatile struct sysgenid_page *page;
	/* what it was at box_note() */
	uint32_t generation;
	uint32_t reseeded;
	long switches;
};

void box_start(struct box *box);
bool box_asleep(const struct box *box);
void box_kill(struct box *box); /* its file stays open here */
void box_close(struct box *box);
void box_note(struct box *box);
bool box_undisturbed(const struct box *box); /* since the note: no wake-up, no number */
bool box_followed(const struct box *box); /* woken for a new generation, and has acknowledged it */
uint32_t box_generation(const struct box *box);

/*
 * An event of the system's passes by a domain whose mutex the kernel's worker has, while it tells
 * listeners of an event before. The worker moves the domain then, and on a busy machine it may be
 * late. So a test waits. The second function returns @old if nothing has come.
 */
bool moves_from(const volatile struct sysgenid_page *page, uint32_t old);
uint32_t box_generation_after(const struct box *box, uint32_t old);

/* Run body as the first process of new namespaces, root there; the result is what it returns. */
int in_pid_namespace(int flags, int (*body)(long arg), long arg);

/* A descriptor of a domain whose namespace is gone already: -errno if there is none. */
int open_in_new_domain(void);
int open_in_foreign_domain(void);     /* of another user namespace */
int open_in_namespace(int namespace); /* a descriptor of a PID namespace */

uint32_t inode_of(int namespace);

/* The first process of a PID namespace without a domain. */
pid_t clone_sleeper(void);
void end_sleeper(pid_t pid);

/* domains-hold.c */
int domains_hold(int number, bool busy, bool foreign);

/* domains-flood.c */
void domains_flood(void);

/* domains-rights.c */
void domains_rights(struct box *other);
void domains_by_netlink(struct box *box, struct box *others, int count, struct genl *genl);

#endif /* DOMAINS_H */
