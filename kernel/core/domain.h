/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains: a counter for each PID namespace, as long as somebody uses it: open files (which
 * mappings hold), and walks over the list. That of the initial namespace, sysgenid_system, always
 * exists and is not in the list.
 */
#ifndef SYSGENID_DOMAIN_H
#define SYSGENID_DOMAIN_H

#include <linux/types.h>

struct pid_namespace;
struct sysgenid_counter;
struct sysgenid_summary;

/* What these return is to be put. get: -ENOMEM or -EINTR as a pointer; find: NULL for none. */
struct sysgenid_counter *sysgenid_domain_get(struct pid_namespace *ns, bool *made);
struct sysgenid_counter *sysgenid_domain_find(struct pid_namespace *ns);
void sysgenid_domain_put(struct sysgenid_counter *domain);

/* Of a domain that does not exist: what it would begin with. */
void sysgenid_domain_summary(struct pid_namespace *ns, struct sysgenid_summary *summary);

unsigned int sysgenid_domain_count(void);

/* After a device has gone: frees what was kept in the pool for it. */
void sysgenid_domains_purge(void);

/* When no walk is under way and none comes: frees those that walks were the last users of. */
void sysgenid_domains_stop(void);

/* The next domain after @last (NULL: the first), which is put. */
struct sysgenid_counter *sysgenid_domain_next(struct sysgenid_counter *last);

/*
 * All domains but the system's that were there when it began, with no lock held in between. No
 * break: it would leak a reference.
 */
#define for_each_sysgenid_domain(domain)                                                           \
	for (domain = sysgenid_domain_next(NULL); domain; domain = sysgenid_domain_next(domain))

#endif /* SYSGENID_DOMAIN_H */
