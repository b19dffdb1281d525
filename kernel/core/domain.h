/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains: a counter per PID namespace. They are there while somebody uses them: open files (which
 * mappings hold), and whoever walks over them.
 *
 * The initial namespace's is sysgenid_system, which is always there and is in no list.
 */
#ifndef SYSGENID_DOMAIN_H
#define SYSGENID_DOMAIN_H

#include <linux/types.h>

struct pid_namespace;
struct sysgenid_counter;
struct sysgenid_summary;

/* All sleep. What they return is to be put; -ENOMEM or -EINTR as a pointer; NULL: there is none. */
struct sysgenid_counter *sysgenid_domain_get(struct pid_namespace *ns, bool *made);
struct sysgenid_counter *sysgenid_domain_find(struct pid_namespace *ns);
void sysgenid_domain_put(struct sysgenid_counter *domain);

/* Also of a domain that does not exist: what it would begin with. */
void sysgenid_domain_summary(struct pid_namespace *ns, struct sysgenid_summary *summary);

unsigned int sysgenid_domain_count(void);

/* After a device has gone: frees what was kept for it. */
void sysgenid_domains_purge(void);

/* The next domain after @last (NULL: the first), which is put. */
struct sysgenid_counter *sysgenid_domain_next(struct sysgenid_counter *last);

/*
 * All domains but the system's that were there when it began. No lock is held in between. To be run
 * to its end.
 */
#define for_each_sysgenid_domain(domain)                                                           \
	for (domain = sysgenid_domain_next(NULL); domain; domain = sysgenid_domain_next(domain))

#endif /* SYSGENID_DOMAIN_H */
