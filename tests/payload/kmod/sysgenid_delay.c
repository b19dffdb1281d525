// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes races of sysgenid.ko happen each time, by probes: a task loses the processor at the worst
 * moment.
 *
 * Parameters:
 *	comm	name of the tasks that are slow
 *	at	a function of sysgenid.ko; slow tasks stay at its beginning for at_ms milliseconds
 *	lost_ms	a kernel worker that has tried in vain to get a mutex of sysgenid's stays there for
 *		so long
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "sysgenid.h"

/* sysgenid.ko is smaller than this, so its code is this near to any of its functions. */
#define NEAR (256UL << 10)

static char *comm = "slow";
module_param(comm, charp, 0400);
static char *at;
module_param(at, charp, 0400);
static unsigned int at_ms, lost_ms;
module_param(at_ms, uint, 0400);
module_param(lost_ms, uint, 0400);
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

static struct kprobe at_probe = { .pre_handler = stay };
static struct kretprobe trylock_probe = { .handler = tried, .maxactive = 64 };

static int __init delay_init(void)
{
	int ret;

	at_probe.symbol_name = at;
	ret = at ? register_kprobe(&at_probe) : 0;
	if (ret)
		return ret;
	trylock_probe.kp.symbol_name = "mutex_trylock";
	ret = lost_ms ? register_kretprobe(&trylock_probe) : 0;
	if (ret && at)
		unregister_kprobe(&at_probe);
	return ret;
}

static void __exit delay_exit(void)
{
	if (lost_ms)
		unregister_kretprobe(&trylock_probe);
	if (at)
		unregister_kprobe(&at_probe);
}

module_init(delay_init);
module_exit(delay_exit);

MODULE_DESCRIPTION("Delays tasks inside of sysgenid, for tests of its races");
MODULE_LICENSE("GPL");
