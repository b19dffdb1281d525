// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes races of sysgenid.ko happen, by probes: a task loses the processor at the worst moment. The
 * modules that are tested are those that are shipped, and not built for it.
 *
 * Parameters, each time:
 *	comm	name of the tasks that are slow
 *	at	a function of sysgenid.ko; slow tasks stay at its beginning for at_ms milliseconds
 *	lost_ms	a kernel worker that has tried in vain to get a mutex of sysgenid's stays there for
 *		so long
 * or at random, by any task, before and after each of several functions:
 *	points	the functions
 *	max_us	the longest delay; short ones are much more frequent
 *	seed	of the random numbers
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "sysgenid.h"

/* sysgenid.ko is smaller than this, so its code is this near to any of its functions. */
#define NEAR (256UL << 10)
#define MOST_POINTS 16

static char *comm = "slow";
module_param(comm, charp, 0400);
static char *at;
module_param(at, charp, 0400);
static unsigned int at_ms, lost_ms;
module_param(at_ms, uint, 0400);
module_param(lost_ms, uint, 0400);
static char *points[MOST_POINTS];
static int point_count;
module_param_array(points, charp, &point_count, 0400);
static unsigned int max_us = 1000;
module_param(max_us, uint, 0400);
static unsigned long seed;
module_param(seed, ulong, 0400);
static unsigned int times; /* delays so far */
module_param(times, uint, 0400);

static int stay(struct kprobe *probe, struct pt_regs *registers)
{
	if (strncmp(current->comm, comm, strlen(comm)) == 0) {
		WRITE_ONCE(times, times + 1);
		mdelay(at_ms);
	}
	return 0;
}

static int tried(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	unsigned long caller = get_kretprobe_retaddr(instance);
	unsigned long distance = caller - (unsigned long)sysgenid_generation;

	/* In either direction. */
	if ((current->flags & PF_WQ_WORKER) && distance + NEAR < 2 * NEAR &&
	    !regs_return_value(registers)) {
		WRITE_ONCE(times, times + 1);
		mdelay(lost_ms);
	}
	return 0;
}

/* A plain generator: probes may be hit with any lock held, in interrupts, too. */
static u32 next_random(void)
{
	static atomic64_t drawn;
	u64 x = seed + (u64)atomic64_inc_return(&drawn) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x >> 32;
}

/* Each second time: up to a sixteenth of the longest time, seldom up to all of it. */
static void dawdle(void)
{
	u32 random = next_random();
	unsigned int most = random % 64 ? max_us / 16 : max_us, us;

	if (random & BIT(31))
		return;
	us = next_random() % (most + 1);
	WRITE_ONCE(times, times + 1);
	mdelay(us / 1000);
	udelay(us % 1000);
}

static int dawdle_before(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	dawdle();
	return 0;
}

static int dawdle_after(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	dawdle();
	return 0;
}

static struct kprobe at_probe = { .pre_handler = stay };
static struct kretprobe trylock_probe = { .handler = tried, .maxactive = 64 };
static struct kretprobe point_probes[MOST_POINTS];

static int add_points(void)
{
	int ret, i;

	for (i = 0; i < point_count; i++) {
		point_probes[i].kp.symbol_name = points[i];
		point_probes[i].entry_handler = dawdle_before;
		point_probes[i].handler = dawdle_after;
		point_probes[i].maxactive = 64;
		ret = register_kretprobe(&point_probes[i]);
		if (ret) {
			pr_err("sysgenid_delay: no probe at %s: error %d\n", points[i], ret);
			break;
		}
	}
	if (i == point_count)
		return 0;
	while (i-- > 0)
		unregister_kretprobe(&point_probes[i]);
	return ret;
}

static void remove_points(void)
{
	int i;

	for (i = 0; i < point_count; i++)
		unregister_kretprobe(&point_probes[i]);
}

static int __init delay_init(void)
{
	int ret;

	at_probe.symbol_name = at;
	ret = at ? register_kprobe(&at_probe) : 0;
	if (ret)
		return ret;
	trylock_probe.kp.symbol_name = "mutex_trylock";
	ret = lost_ms ? register_kretprobe(&trylock_probe) : 0;
	if (ret)
		goto err_at;
	ret = add_points();
	if (ret)
		goto err_lost;
	return 0;

err_lost:
	if (lost_ms)
		unregister_kretprobe(&trylock_probe);
err_at:
	if (at)
		unregister_kprobe(&at_probe);
	return ret;
}

static void __exit delay_exit(void)
{
	remove_points();
	if (lost_ms)
		unregister_kretprobe(&trylock_probe);
	if (at)
		unregister_kprobe(&at_probe);
}

module_init(delay_init);
module_exit(delay_exit);

MODULE_DESCRIPTION("Delays tasks inside of sysgenid, for tests of its races");
MODULE_LICENSE("GPL");
