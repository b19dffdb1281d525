// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reseeds the kernel's random number generator after the generation has moved.
 *
 * A reseed starts a new RNG generation, which all copies of RNG state are compared with: those of
 * each CPU and, since Linux 6.11, those that the vDSO getrandom keeps in user memory. So a state
 * from a checkpoint image is refused afterwards.
 *
 * No function that forces a reseed is exported to modules. The ioctl RNDRESEEDCRNG of the random
 * device does: in a work item, since it needs CAP_SYS_ADMIN.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/ktime.h>
#include <linux/major.h>
#include <linux/minmax.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "counter.h"
#include "domain.h"
#include "reseed.h"
#include "writer.h"

#define RESEED_DEVICE "/dev/urandom"
#define RESEED_MINOR 9	       /* Documentation/admin-guide/devices.txt */
#define RESEED_LIMIT (10 * HZ) /* it takes microseconds */
/*
 * Users cannot keep the kernel busy: a reseed of theirs comes later, and later still if reseeds
 * take long; and so do the walks that tell listeners. Each walks over all domains, of which users
 * can make many.
 */
#define RESEED_DELAY msecs_to_jiffies(10)
#define RESEED_DELAY_FACTOR 10
#define RESEED_LONGEST_DELAY HZ
/* After a failure, which is normal early in the boot: the generator may have no seed yet. */
#define RESEED_FIRST_PAUSE msecs_to_jiffies(100)
#define RESEED_LONGEST_PAUSE msecs_to_jiffies(60000)
#define RESEED_UNSEEDED_PAUSE msecs_to_jiffies(1000)

static void reseed_all(struct work_struct *unused);

/* One for all domains. */
static DECLARE_DELAYED_WORK(reseed_work, reseed_all);
static DECLARE_WAIT_QUEUE_HEAD(reseed_waiters); /* until reseed_done grows */
static atomic_t reseed_wanted;			/* how often a reseed was asked for */
/* Written by the work item only: */
static atomic_t reseed_done;	       /* the last number that is served */
static int reseed_error;	       /* of the last finished reseed */
static unsigned long reseed_cost;      /* of the last one, in jiffies */
static unsigned long reseed_tell_cost; /* of the last walk that told listeners */
static unsigned long reseed_pause = 1; /* jiffies until the next try after a failure */
static atomic64_t reseed_tries, reseed_failures, reseed_ns; /* since the module was loaded */
static void (*reseed_identified)(struct sysgenid_counter *counter);

void sysgenid_reseeds_start(void (*identified)(struct sysgenid_counter *counter))
{
	reseed_identified = identified;
}

/* Caller puts @root. Returns 0 or -ESRCH. */
static int reseed_init_root(struct path *root)
{
	struct task_struct *init;
	int ret = -ESRCH;

	rcu_read_lock();
	init = get_pid_task(find_pid_ns(1, &init_pid_ns), PIDTYPE_PID);
	rcu_read_unlock();
	if (!init)
		return ret;
	task_lock(init);
	if (init->fs) {
		get_fs_root(init->fs, root);
		ret = 0;
	}
	task_unlock(init);
	put_task_struct(init);
	return ret;
}

/*
 * Opens the random device by its path in the root of the system's first task. A kernel thread's own
 * root will not do: it is empty in newer kernels (seen with 7.3).
 */
static struct file *reseed_open_device(void)
{
	struct path root;
	struct file *file;
	int ret = reseed_init_root(&root);

	if (ret)
		return ERR_PTR(ret);
	file = file_open_root(&root, RESEED_DEVICE, O_RDONLY, 0);
	path_put(&root);
	return file;
}

static int reseed_force(void)
{
	struct file *file = reseed_open_device();
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	if (!S_ISCHR(file_inode(file)->i_mode) ||
	    file_inode(file)->i_rdev != MKDEV(MEM_MAJOR, RESEED_MINOR))
		ret = -ENXIO;
	else
		ret = file->f_op->unlocked_ioctl(file, RNDRESEEDCRNG, 0);
	fput(file);
	return ret;
}

/*
 * The generator has been reseeded for @generation. It gets an incarnation, unless it has one: a
 * reseed alone makes nobody somebody else.
 */
static void reseed_publish(struct sysgenid_counter *counter, u32 generation)
{
	u32 drawn[ARRAY_SIZE(counter->shared->incarnation)];
	size_t i;

	lockdep_assert_held(&counter->lock);
	if (counter->shared->rng_generation == generation)
		return;
	get_random_bytes(drawn, sizeof(drawn));
	for (i = 0; i < ARRAY_SIZE(drawn); i++) {
		/* Release: who sees a new word here sees that the generation has moved. */
		smp_store_release(&counter->shared->incarnation[i], drawn[i]);
	}
	/* Release: who sees the word draws from the new state, and has all of the incarnation. */
	smp_store_release(&counter->shared->rng_generation, generation);
	counter->untold = true;
}

/* Returns whether listeners are to be told of an incarnation. */
static bool reseed_store(struct sysgenid_counter *counter)
{
	bool untold;

	spin_lock_irq(&counter->lock);
	/* 0, which is no domain's: it began after the samples. */
	if (counter == &sysgenid_system || counter->reseed_sample)
		reseed_publish(counter, counter->reseed_sample);
	untold = counter->untold;
	spin_unlock_irq(&counter->lock);
	return untold;
}

static void reseed_tell_of(struct sysgenid_counter *counter)
{
	bool untold;

	spin_lock_irq(&counter->lock);
	untold = counter->untold;
	counter->untold = false;
	spin_unlock_irq(&counter->lock);
	if (untold)
		reseed_identified(counter);
}

/*
 * Work item: tells listeners who has an incarnation. After all words are stored, so that nobody who
 * waits for a word waits for listeners; and not in a task that opens a file, which holds the lock
 * of all misc devices.
 */
static void reseed_tell(struct work_struct *unused)
{
	unsigned long begun = jiffies;
	struct sysgenid_counter *domain;

	reseed_tell_of(&sysgenid_system);
	for_each_sysgenid_domain(domain)
		reseed_tell_of(domain);
	WRITE_ONCE(reseed_tell_cost, jiffies - begun);
}

static DECLARE_DELAYED_WORK(reseed_tell_work, reseed_tell);

static void reseed_all(struct work_struct *unused)
{
	struct sysgenid_counter *system = &sysgenid_system, *domain;
	/* Snapshots first, of generations too: this reseed may not cover what comes later. */
	int served = atomic_read_acquire(&reseed_wanted);
	unsigned long begun = jiffies;
	bool untold;
	u64 asked;
	int ret;

	system->reseed_sample = sysgenid_counter_generation(system);
	for_each_sysgenid_domain(domain)
		domain->reseed_sample = sysgenid_counter_generation(domain);
	/* Random bytes that a device gave with the word go in first. */
	sysgenid_writers_harvest();
	asked = ktime_get_ns();
	ret = reseed_force();
	atomic64_add(ktime_get_ns() - asked, &reseed_ns);
	atomic64_inc(&reseed_tries);
	smp_wmb(); /* before the failure, see sysgenid_reseed_stats() */
	if (ret) {
		/* Early in the boot it has no seed yet, which is no fault. */
		if (rng_is_initialized()) {
			atomic64_inc(&reseed_failures);
			pr_err_ratelimited("cannot reseed the random number generator for "
					   "generation %u: %s gives error %d; is devtmpfs mounted "
					   "at /dev? Trying again\n",
					   system->reseed_sample, RESEED_DEVICE, ret);
		}
		queue_delayed_work(sysgenid_unbound_wq, &reseed_work, reseed_pause);
		/* The seed comes once, and without a word to this module. */
		reseed_pause = min(2 * reseed_pause, rng_is_initialized() ? RESEED_LONGEST_PAUSE
									  : RESEED_UNSEEDED_PAUSE);
	} else {
		untold = reseed_store(system);
		for_each_sysgenid_domain(domain)
			untold |= reseed_store(domain);
		/* Most restores only reseed, and there is nothing to tell. */
		if (untold)
			mod_delayed_work(sysgenid_unbound_wq, &reseed_tell_work, 0);
		reseed_pause = RESEED_FIRST_PAUSE;
	}
	WRITE_ONCE(reseed_cost, jiffies - begun);
	WRITE_ONCE(reseed_error, ret);
	/* Release: who sees it sees the error, or the words above. */
	atomic_set_release(&reseed_done, served);
	wake_up_all(&reseed_waiters);
}

/* When something may be done again that took so long the last time. */
static unsigned long reseed_later(unsigned long cost)
{
	return clamp(RESEED_DELAY_FACTOR * cost, RESEED_DELAY, (unsigned long)RESEED_LONGEST_DELAY);
}

void sysgenid_reseed_start(enum sysgenid_reseed_when when)
{
	/* Release: who counts this one in sees the generation that it is for. */
	atomic_fetch_inc_release(&reseed_wanted);
	/* Full barriers, also if the work is queued already: the next run sees the number. */
	if (when == SYSGENID_RESEED_NOW)
		mod_delayed_work(sysgenid_unbound_wq, &reseed_work, 0);
	else
		queue_delayed_work(sysgenid_unbound_wq, &reseed_work,
				   reseed_later(READ_ONCE(reseed_cost)));
}

/*
 * Returns when a reseed that began after the caller's sysgenid_reseed_start() is done: 0 or its
 * error. Not flush_work(): if another CPU has just marked the work as queued, it may not find it.
 */
int sysgenid_reseed_wait(void)
{
	int mine = atomic_read(&reseed_wanted);
	/* By difference: both wrap. A limit: the caller may hold the lock of generic netlink. */
	long left = wait_event_killable_timeout(
		reseed_waiters, atomic_read_acquire(&reseed_done) - mine >= 0, RESEED_LIMIT);

	if (left <= 0)
		return left ? left : -ETIMEDOUT;
	return READ_ONCE(reseed_error);
}

/*
 * Generation 0 follows no event, so it needs no reseed, but a seed: without one its incarnation
 * could be that of another machine, and is drawn by a reseed as soon as there is one.
 */
void sysgenid_reseed_init(struct sysgenid_counter *system)
{
	/* No generation, unless somebody asks for this very one before there is a seed. */
	system->shared->rng_generation = U32_MAX;
	if (!rng_is_initialized()) {
		sysgenid_reseed_start(SYSGENID_RESEED_NOW);
		return;
	}
	spin_lock_irq(&system->lock);
	reseed_publish(system, 0);
	system->untold = false; /* nobody listens */
	spin_unlock_irq(&system->lock);
}

/*
 * A new domain, which is in the list, needs no reseed if the generator was reseeded for the
 * system's generation: that reseed serves the domain's first generation, too, which began later. It
 * does not serve a second one: a device may have stored that for a leak, and the system's word
 * after it. An event after the look below finds the domain in the list and moves it.
 */
void sysgenid_reseed_adopt(struct sysgenid_counter *domain)
{
	bool good;
	u32 system;

	smp_mb(); /* the list before the look; pairs with the list's lock in a walk */
	system = sysgenid_counter_generation(&sysgenid_system);
	/* Acquire: pairs with the release in reseed_store(). */
	good = smp_load_acquire(&sysgenid_system.shared->rng_generation) == system;
	spin_lock_irq(&domain->lock);
	/* Unless a reseed has been here already, whose number may be a newer one. */
	if (good && !domain->shared->rng_generation)
		reseed_publish(domain, (u32)domain->began);
	spin_unlock_irq(&domain->lock);
	if (good)
		queue_delayed_work(sysgenid_unbound_wq, &reseed_tell_work,
				   reseed_later(READ_ONCE(reseed_tell_cost)));
	else
		sysgenid_reseed_start(SYSGENID_RESEED_LATER);
}

/* Did the last one fail? Then the next one may come late. */
bool sysgenid_reseed_fails(void)
{
	return READ_ONCE(reseed_error);
}

void sysgenid_reseed_stats(struct sysgenid_reseed_stats *stats)
{
	stats->failures = atomic64_read(&reseed_failures);
	smp_rmb(); /* never more failures than tries; pairs with smp_wmb() in reseed_all() */
	stats->tries = atomic64_read(&reseed_tries);
	stats->ns = atomic64_read(&reseed_ns);
}

/* When nobody starts a reseed any more. */
void sysgenid_reseed_stop(void)
{
	cancel_delayed_work_sync(&reseed_work);
	cancel_delayed_work_sync(&reseed_tell_work);
}
