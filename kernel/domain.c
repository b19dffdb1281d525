// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: who has which counter, and for how long.
 *
 * The lock is held for moments only and never while memory is asked for or somebody is woken: all
 * containers of the machine share it.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "counter.h"
#include "domain.h"
#include "reseed.h"
#include "sysgenid_writer.h"
#include "writers.h"

#define BUCKETS_LOG2 8

static DEFINE_MUTEX(lock); /* guards all below, and users and nodes of the domains */
static DEFINE_HASHTABLE(by_ns, BUCKETS_LOG2);
static LIST_HEAD(domains); /* youngest first */
static unsigned int count;
/*
 * Those that nobody uses, whose words devices still store: virtio cannot take a request back. The
 * next domains are made of them.
 */
static LIST_HEAD(pool);
/*
 * Devices have room for few domains, and whoever may make user namespaces may make as many as he likes. So those
 * get a part of the room only, each keeping its place until its page is freed or goes to one of the host's.
 */
#define MOST_STRANGERS 32
static unsigned int strangers;

static struct sysgenid_counter *find(struct pid_namespace *ns)
{
	struct sysgenid_counter *domain;

	lockdep_assert_held(&lock);
	hash_for_each_possible (by_ns, domain, by_ns, (unsigned long)ns) {
		if (domain->pid_ns == ns) {
			domain->users++;
			return domain;
		}
	}
	return NULL;
}

struct sysgenid_counter *sysgenid_domain_find(struct pid_namespace *ns)
{
	struct sysgenid_counter *domain;

	if (ns == &init_pid_ns)
		return &sysgenid_system;
	mutex_lock(&lock);
	domain = find(ns);
	mutex_unlock(&lock);
	return domain;
}

static void give_up_place(struct sysgenid_counter *domain)
{
	lockdep_assert_held(&lock);
	strangers -= domain->counted;
	domain->counted = false;
}

/* May devices store its word? */
static bool has_place(struct sysgenid_counter *domain)
{
	lockdep_assert_held(&lock);
	if (domain->stranger && !domain->counted && strangers < MOST_STRANGERS) {
		domain->counted = true;
		strangers++;
	}
	return domain->counted || !domain->stranger;
}

/*
 * One of the pool, or NULL. Its last user may have a piece of the page in a pipe still: not that one. A stranger
 * gets only what one had.
 */
static struct sysgenid_counter *take_from_pool(bool stranger)
{
	struct sysgenid_counter *domain, *found = NULL;

	mutex_lock(&lock);
	list_for_each_entry (domain, &pool, node) {
		if (page_count(domain->page) == 1 && (domain->counted || !stranger)) {
			list_del(&domain->node);
			if (!stranger)
				give_up_place(domain);
			found = domain;
			break;
		}
	}
	mutex_unlock(&lock);
	return found;
}

static struct sysgenid_counter *allocate(void)
{
	struct sysgenid_counter *domain = kmalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!domain)
		return ERR_PTR(-ENOMEM);
	ret = sysgenid_counter_init(domain, GFP_KERNEL_ACCOUNT);
	if (ret) {
		kfree(domain);
		return ERR_PTR(ret);
	}
	return domain;
}

static struct sysgenid_counter *domain_new(struct pid_namespace *ns)
{
	bool stranger = ns->user_ns != &init_user_ns;
	struct sysgenid_counter *domain = take_from_pool(stranger);

	if (!domain)
		domain = allocate();
	if (IS_ERR(domain))
		return domain;
	domain->stranger = stranger;
	domain->pid_ns = get_pid_ns(ns);
	domain->users = 1;
	return domain;
}

static void destroy(struct sysgenid_counter *domain)
{
	sysgenid_counter_destroy(domain);
	kfree(domain);
}

/* It is in no list. */
static void domain_free(struct sysgenid_counter *domain)
{
	bool covered;

	/* What its last file has brought about is told before it goes. */
	flush_delayed_work(&domain->announce);
	put_pid_ns(domain->pid_ns);
	domain->pid_ns = NULL;
	/* Under the lock, so that either we or the purge see that the last device has gone. */
	mutex_lock(&lock);
	covered = atomic_read(&domain->covered);
	if (covered)
		list_add(&domain->node, &pool);
	else
		give_up_place(domain);
	mutex_unlock(&lock);
	if (!covered)
		destroy(domain);
}

void sysgenid_domains_purge(void)
{
	struct sysgenid_counter *domain, *next;
	LIST_HEAD(unused);

	mutex_lock(&lock);
	list_for_each_entry_safe (domain, next, &pool, node) {
		if (atomic_read(&domain->covered))
			continue;
		list_move(&domain->node, &unused);
		give_up_place(domain);
	}
	mutex_unlock(&lock);
	list_for_each_entry_safe (domain, next, &unused, node)
		destroy(domain);
}

void sysgenid_writer_cover_all(struct sysgenid_writer *writer)
{
	struct sysgenid_counter *domain;

	mutex_lock(&lock);
	list_for_each_entry (domain, &domains, node) {
		if (has_place(domain))
			sysgenid_writer_cover(writer, domain);
	}
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_cover_all);

/*
 * In front of the list: a walk over it does not see what came after it began, or a container that
 * makes one domain after the other would keep it walking. Nobody has looked at the new one before.
 */
static void insert(struct sysgenid_counter *domain)
{
	sysgenid_ticket first;

	lockdep_assert_held(&lock);
	sysgenid_counter_begin(domain, sysgenid_counter_next(&sysgenid_system));
	if (has_place(domain))
		sysgenid_writers_cover(domain);
	/*
	 * A leak since the first look may have gone under in what was stored here, and the namespace may know
	 * the number from before. After the fence it has moved the system's word; one from here on moves this
	 * one. And an event of a CPU from here on finds the domain in the list.
	 */
	if (atomic_read(&domain->covered))
		sysgenid_writers_fence();
	first = sysgenid_counter_next(&sysgenid_system);
	if (first != domain->began)
		sysgenid_counter_begin(domain, first);
	hash_add(by_ns, &domain->by_ns, (unsigned long)domain->pid_ns);
	list_add(&domain->node, &domains);
	count++;
}

/* The domain of @ns, which is made if there is none. */
struct sysgenid_counter *sysgenid_domain_get(struct pid_namespace *ns)
{
	struct sysgenid_counter *domain = sysgenid_domain_find(ns), *new;

	if (domain)
		return domain;
	new = domain_new(ns);
	if (IS_ERR(new))
		return new;
	mutex_lock(&lock);
	domain = find(ns);
	if (!domain)
		insert(new);
	mutex_unlock(&lock);
	if (domain) {
		domain_free(new);
		return domain;
	}
	sysgenid_reseed_adopt(new);
	return new;
}

void sysgenid_domain_put(struct sysgenid_counter *domain)
{
	bool last;

	if (domain == &sysgenid_system)
		return;
	mutex_lock(&lock);
	last = !--domain->users;
	if (last) {
		hash_del(&domain->by_ns);
		list_del(&domain->node);
		count--;
		sysgenid_counter_pass(&sysgenid_system, sysgenid_counter_last(domain));
	}
	mutex_unlock(&lock);
	if (last)
		domain_free(domain);
}

struct sysgenid_counter *sysgenid_domain_next(struct sysgenid_counter *last)
{
	struct sysgenid_counter *next;

	mutex_lock(&lock);
	if (last)
		next = list_is_last(&last->node, &domains) ? NULL : list_next_entry(last, node);
	else
		next = list_first_entry_or_null(&domains, struct sysgenid_counter, node);
	if (next)
		next->users++;
	mutex_unlock(&lock);
	if (last)
		sysgenid_domain_put(last);
	return next;
}

void sysgenid_domain_summary(struct pid_namespace *ns, struct sysgenid_summary *summary)
{
	struct sysgenid_counter *domain = sysgenid_domain_find(ns);

	if (domain) {
		sysgenid_counter_summary(domain, summary);
		sysgenid_domain_put(domain);
		return;
	}
	*summary = (struct sysgenid_summary){ .last_cause = SYSGENID_CAUSE_NONE };
	summary->generation = (u32)sysgenid_counter_next(&sysgenid_system);
	summary->highest = summary->generation;
}

unsigned int sysgenid_domain_count(void)
{
	return READ_ONCE(count);
}
