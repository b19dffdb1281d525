// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: who has which counter, and for how long.
 *
 * The lock is a spinlock: all containers share it, and nobody may have to wait for a task that has
 * lost its CPU.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "counter.h"
#include "domain.h"
#include "sysgenid_writer.h"
#include "view.h"
#include "watcher.h"
#include "writer.h"

#define DOMAIN_BUCKETS_LOG2 8

/* Guards all below, and ->users and ->node of domains. Outside a driver's lock and a counter's. */
static DEFINE_SPINLOCK(domains_lock);
static DEFINE_HASHTABLE(domains_by_ns, DOMAIN_BUCKETS_LOG2);
static LIST_HEAD(domains); /* youngest first */
static unsigned int domains_count;
/* Unused, but devices still store their words: virtio cannot take a request back. Used again. */
static LIST_HEAD(domains_pool);
/* A walk over the list was their last user, and does not wait until they are freed. */
static LIST_HEAD(domains_unfreed);
/*
 * How many domains of foreign user namespaces have ->may_cover: at most half of the places on the
 * smallest device, since any user can make as many namespaces as he likes. A domain keeps its place
 * until its page is freed, or is used again for a domain of the initial user namespace.
 */
static unsigned int domains_foreign;

static struct sysgenid_counter *domains_find(struct pid_namespace *ns)
{
	struct sysgenid_counter *domain;

	lockdep_assert_held(&domains_lock);
	hash_for_each_possible(domains_by_ns, domain, by_ns, (unsigned long)ns) {
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
	spin_lock(&domains_lock);
	domain = domains_find(ns);
	spin_unlock(&domains_lock);
	return domain;
}

static void domain_give_up_cover(struct sysgenid_counter *domain)
{
	lockdep_assert_held(&domains_lock);
	domains_foreign -= domain->may_cover;
	domain->may_cover = false;
}

/* May devices store its word? Too many may if a smaller device has come: then none any more. */
static bool domain_may_cover(struct sysgenid_counter *domain)
{
	unsigned int most = sysgenid_writers_room() / 2;

	lockdep_assert_held(&domains_lock);
	if (!domain->foreign_userns)
		return true;
	if (!domain->may_cover && domains_foreign < most) {
		domain->may_cover = true;
		domains_foreign++;
	}
	return domain->may_cover && domains_foreign <= most;
}

/*
 * One of the pool, or NULL. Not one whose page somebody refers to: a pipe of its last user's, say.
 * A domain of a foreign user namespace gets only what one had.
 */
static struct sysgenid_counter *domain_from_pool(bool foreign)
{
	struct sysgenid_counter *domain, *found = NULL;

	spin_lock(&domains_lock);
	list_for_each_entry(domain, &domains_pool, node) {
		if (page_count(domain->page) == 1 && (domain->may_cover || !foreign)) {
			list_del(&domain->node);
			if (!foreign)
				domain_give_up_cover(domain);
			found = domain;
			break;
		}
	}
	spin_unlock(&domains_lock);
	return found;
}

/* Returns NULL without memory. */
static struct sysgenid_counter *domain_new(struct pid_namespace *ns)
{
	bool foreign = ns->user_ns != &init_user_ns;
	struct sysgenid_counter *domain = domain_from_pool(foreign);

	if (!domain) {
		domain = kmalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
		if (!domain || sysgenid_counter_init(domain, GFP_KERNEL_ACCOUNT)) {
			kfree(domain);
			return NULL;
		}
		sysgenid_watchers_init(domain);
	}
	domain->foreign_userns = foreign;
	domain->pid_ns = get_pid_ns(ns);
	domain->users = 1;
	return domain;
}

void sysgenid_domains_purge(void)
{
	struct sysgenid_counter *domain, *next;
	LIST_HEAD(unused);

	spin_lock(&domains_lock);
	list_for_each_entry_safe(domain, next, &domains_pool, node) {
		if (atomic_read(&domain->covered))
			continue;
		list_move(&domain->node, &unused);
		domain_give_up_cover(domain);
	}
	spin_unlock(&domains_lock);
	list_for_each_entry_safe(domain, next, &unused, node) {
		sysgenid_counter_destroy(domain);
		kfree(domain);
	}
}

/* Caller has taken it off the list. */
static void domain_free(struct sysgenid_counter *domain)
{
	/* What its last file has brought about is told before it goes. */
	sysgenid_watchers_flush(domain);
	sysgenid_view_drop(domain);
	put_pid_ns(domain->pid_ns);
	domain->pid_ns = NULL;
	spin_lock(&domains_lock);
	list_add(&domain->node, &domains_pool);
	spin_unlock(&domains_lock);
	sysgenid_domains_purge();
}

void sysgenid_writer_cover_all(struct sysgenid_writer *writer)
{
	struct sysgenid_counter *domain;

	spin_lock(&domains_lock);
	list_for_each_entry(domain, &domains, node) {
		if (domain_may_cover(domain))
			sysgenid_writer_cover(writer, domain);
	}
	spin_unlock(&domains_lock);
}
EXPORT_SYMBOL_GPL(sysgenid_writer_cover_all);

static void domain_cover(struct sysgenid_counter *new)
{
	lockdep_assert_held(&domains_lock);
	if (domain_may_cover(new))
		sysgenid_writers_cover(new);
}

/*
 * The hypervisor's counter that the system's word stands for. There may be a newer one, whose event
 * is still to come: a domain's first number does not stand for that one either.
 */
static u64 domains_vmclock(void)
{
	/* Acquire: before the number that a domain begins with, see sysgenid_counter_move(). */
	return smp_load_acquire(&sysgenid_system.shared->vmclock_counter);
}

/* Has the system made no event since @new got its numbers? */
static bool domain_may_begin(struct sysgenid_counter *new)
{
	if (sysgenid_counter_next(&sysgenid_system) != new->began)
		return false;
	return domains_vmclock() == new->shared->vmclock_counter;
}

/*
 * Puts @new into the list, unless the namespace has a domain by now, or the system has drawn a
 * number since @new began. Returns what is in the list then, or NULL: try again.
 *
 * In front of the list: a walk over it does not see what came after it began, or a container that
 * makes one domain after the other would keep it walking. Nobody has looked at the new one before.
 */
static struct sysgenid_counter *domain_publish(struct sysgenid_counter *new)
{
	struct sysgenid_counter *found;

	spin_lock(&domains_lock);
	found = domains_find(new->pid_ns);
	if (!found && domain_may_begin(new)) {
		/* A device may have come since the first time. */
		domain_cover(new);
		hash_add(domains_by_ns, &new->by_ns, (unsigned long)new->pid_ns);
		list_add(&new->node, &domains);
		domains_count++;
		found = new;
	}
	spin_unlock(&domains_lock);
	return found;
}

/*
 * Gives @new its first number, and publishes it. Each try looks at the system's word, begins, and
 * looks again behind a fence, in domain_publish(). What sysgenid_counter_begin() stores may have
 * overwritten the number of a leak since the first look, and the namespace may know the first
 * number from before. After the fence such a leak has moved the system's word, so that the second
 * look finds it; a later leak moves this one. An event of a CPU since the first look has drawn a
 * number, so that the second look finds it; a later event finds the domain in the list. The
 * hypervisor's counter is stored behind the number of its event: it is looked at in the same way.
 */
static struct sysgenid_counter *domain_insert(struct sysgenid_counter *new)
{
	struct sysgenid_counter *found;
	u64 vmclock;

	do {
		vmclock = domains_vmclock();
		sysgenid_counter_begin(new, sysgenid_counter_next(&sysgenid_system), vmclock);
		spin_lock(&domains_lock);
		domain_cover(new);
		spin_unlock(&domains_lock);
		if (atomic_read(&new->covered))
			sysgenid_writers_fence();
		found = domain_publish(new);
	} while (!found && !fatal_signal_pending(current));
	return found ? found : ERR_PTR(-EINTR);
}

/* @made: there was none; the caller then calls sysgenid_reseed_adopt(). */
struct sysgenid_counter *sysgenid_domain_get(struct pid_namespace *ns, bool *made)
{
	struct sysgenid_counter *domain = sysgenid_domain_find(ns), *new;

	*made = false;
	if (domain)
		return domain;
	new = domain_new(ns);
	if (!new)
		return ERR_PTR(-ENOMEM);
	domain = domain_insert(new);
	*made = domain == new;
	if (!*made)
		domain_free(new);
	return domain;
}

/* Returns whether this was its last user: then it is in no list any more. */
static bool domain_leave(struct sysgenid_counter *domain)
{
	lockdep_assert_held(&domains_lock);
	if (--domain->users)
		return false;
	hash_del(&domain->by_ns);
	list_del(&domain->node);
	domains_count--;
	sysgenid_counter_raise_floor(domain);
	return true;
}

void sysgenid_domain_put(struct sysgenid_counter *domain)
{
	bool last;

	if (domain == &sysgenid_system)
		return;
	spin_lock(&domains_lock);
	last = domain_leave(domain);
	spin_unlock(&domains_lock);
	if (last)
		domain_free(domain);
}

static void domains_free(struct work_struct *unused)
{
	struct sysgenid_counter *domain;

	spin_lock(&domains_lock);
	while ((domain = list_first_entry_or_null(&domains_unfreed, struct sysgenid_counter,
						  node))) {
		list_del(&domain->node);
		spin_unlock(&domains_lock);
		domain_free(domain);
		spin_lock(&domains_lock);
	}
	spin_unlock(&domains_lock);
}

static DECLARE_WORK(domains_free_work, domains_free);

void sysgenid_domains_stop(void)
{
	flush_work(&domains_free_work);
}

struct sysgenid_counter *sysgenid_domain_next(struct sysgenid_counter *last)
{
	struct sysgenid_counter *next;
	bool gone;

	spin_lock(&domains_lock);
	if (last)
		next = list_is_last(&last->node, &domains) ? NULL : list_next_entry(last, node);
	else
		next = list_first_entry_or_null(&domains, struct sysgenid_counter, node);
	if (next)
		next->users++;
	gone = last && domain_leave(last);
	if (gone)
		list_add(&last->node, &domains_unfreed);
	spin_unlock(&domains_lock);
	/* Whoever closes files during a walk does not hold it up. */
	if (gone)
		schedule_work(&domains_free_work);
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
	summary->restored = summary->generation;
}

unsigned int sysgenid_domain_count(void)
{
	return READ_ONCE(domains_count);
}
