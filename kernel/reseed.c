// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reseeding the kernel's random number generator after the generation has moved.
 *
 * A reseed starts a new RNG generation, which all copies of RNG state are compared against: the
 * per-CPU ones and, since Linux 6.11, those that the vDSO getrandom keeps in user memory. So a
 * state that a checkpoint image carries is refused after it.
 *
 * The kernel exports no function to modules that forces one. The RNDRESEEDCRNG ioctl of the random
 * device does (random(4)); from a work item, since it needs CAP_SYS_ADMIN, which our caller may lack.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/random.h>
#include <linux/uaccess.h>

#include "counter.h"
#include "reseed.h"
#include "writers.h"

#define RANDOM_DEVICE "/dev/urandom"
#define RESEED_LIMIT (10 * HZ) /* it takes microseconds */
#define RANDOM_MINOR 9	       /* Documentation/admin-guide/devices.txt */

static int force_reseed(void)
{
	struct file *file = filp_open(RANDOM_DEVICE, O_RDONLY, 0);
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	/* Whatever stands at that path, only the random device counts as an answer. */
	if (!S_ISCHR(file_inode(file)->i_mode) ||
	    file_inode(file)->i_rdev != MKDEV(MEM_MAJOR, RANDOM_MINOR))
		ret = -ENXIO;
	else
		ret = file->f_op->unlocked_ioctl(file, RNDRESEEDCRNG, 0);
	fput(file);
	return ret;
}

static void reseed(struct work_struct *work)
{
	struct sysgenid_counter *counter = container_of(work, struct sysgenid_counter, reseed);
	/* Both sampled before: what comes meanwhile, the reseed is not known to be after. */
	int served = atomic_read_acquire(&counter->reseeds_wanted);
	u32 generation = sysgenid_counter_generation(counter);
	int ret;

	/* Random bytes that a device gave with the word go in first. */
	sysgenid_writers_harvest(counter);
	ret = force_reseed();
	if (ret)
		pr_err_ratelimited("cannot reseed the random number generator for generation %u: "
				   "%s gives error %d; is devtmpfs mounted at /dev?\n",
				   generation, RANDOM_DEVICE, ret);
	else
		/* Release: who sees the word draws from the new state. */
		smp_store_release(&counter->shared->rng_generation, generation);
	WRITE_ONCE(counter->reseed_error, ret);
	/* Release: who sees it sees the error, or the word above. */
	atomic_set_release(&counter->reseeds_done, served);
	wake_up_all(&counter->reseeded);
}

void sysgenid_reseed_init(struct sysgenid_counter *counter)
{
	INIT_WORK(&counter->reseed, reseed);
	init_waitqueue_head(&counter->reseeded);
}

void sysgenid_reseed_start(struct sysgenid_counter *counter)
{
	/* Release: who counts this one in sees the generation that it is for. */
	atomic_fetch_inc_release(&counter->reseeds_wanted);
	/* A full barrier, also when the work is queued already: the work that runs next sees the number. */
	queue_work(system_unbound_wq, &counter->reseed);
}

/*
 * Returns when a reseed that began after the caller's sysgenid_reseed_start() is done: 0 or its error.
 *
 * flush_work() would not do. Who finds the work queued already may find that the other CPU, which has
 * marked it as queued, has not yet put it where flush_work() sees it.
 */
int sysgenid_reseed_wait(struct sysgenid_counter *counter)
{
	int wanted = atomic_read(&counter->reseeds_wanted);
	/*
	 * Compared by difference, since both numbers wrap. With a limit: the caller may hold the lock
	 * that all of generic netlink shares.
	 */
	long left = wait_event_killable_timeout(
		counter->reseeded, atomic_read_acquire(&counter->reseeds_done) - wanted >= 0,
		RESEED_LIMIT);

	if (left <= 0)
		return left ? left : -ETIMEDOUT;
	return READ_ONCE(counter->reseed_error);
}

void sysgenid_reseed_stop(struct sysgenid_counter *counter)
{
	cancel_work_sync(&counter->reseed);
}
