// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes one allocation fail, by probes: the nth that sysgenid's modules make for the task that
 * asks. Kernels that are shipped have no fault injection of their own.
 *
 * /sys/module/sysgenid_fail/parameters/nth: write how many allocations from now; 0 for none. When
 * it has happened, 0 is read.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>

static struct task_struct *victim; /* only compared */
static atomic_t left;

static void free_memory(void *object)
{
	kfree(object);
}

static void free_pages_of(void *object)
{
	__free_pages(object, 0);
}

static void free_message(void *object)
{
	kfree_skb(object);
}

/* Names differ between kernels: those that are there are probed. */
static const struct {
	const char *function;
	void (*release)(void *object);
} allocators[] = {
	{ "__kmalloc_cache_noprof", free_memory }, { "kmalloc_trace", free_memory },
	{ "alloc_pages_noprof", free_pages_of },   { "alloc_pages", free_pages_of },
	{ "__alloc_skb", free_message },
};

static struct kretprobe probes[ARRAY_SIZE(allocators)];
static bool probed[ARRAY_SIZE(allocators)];

/* Code of the modules that are tested. A return address may be behind the end of its function. */
static bool is_tested(unsigned long caller)
{
	char text[KSYM_SYMBOL_LEN];

	sprint_symbol(text, caller - 1);
	return strstr(text, "[sysgenid]") || strstr(text, "[virtio_rng]");
}

static int allocated(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	unsigned long caller = get_kretprobe_retaddr(instance);
	void *object = (void *)regs_return_value(registers);
	struct kretprobe *probe = get_kretprobe(instance);

	if (current != READ_ONCE(victim) || !object || !probe || !atomic_read(&left) ||
	    !is_tested(caller))
		return 0;
	if (atomic_dec_if_positive(&left) != 0)
		return 0;
	allocators[probe - probes].release(object);
	regs_set_return_value(registers, 0);
	return 0;
}

static int set_nth(const char *text, const struct kernel_param *kp)
{
	unsigned int nth;
	int ret = kstrtouint(text, 0, &nth);

	if (ret)
		return ret;
	WRITE_ONCE(victim, current);
	atomic_set(&left, nth);
	return 0;
}

static int get_nth(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%d\n", atomic_read(&left));
}

static const struct kernel_param_ops nth_ops = { .set = set_nth, .get = get_nth };
module_param_cb(nth, &nth_ops, NULL, 0600);

static void remove_probes(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probed[i])
			unregister_kretprobe(&probes[i]);
	}
}

static int __init fail_init(void)
{
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i].kp.symbol_name = allocators[i].function;
		probes[i].handler = allocated;
		probes[i].maxactive = 64;
		probed[i] = register_kretprobe(&probes[i]) == 0;
		count += probed[i];
	}
	/* Memory, pages and messages. */
	if (count >= 3)
		return 0;
	remove_probes();
	return -ENOENT;
}

static void __exit fail_exit(void)
{
	remove_probes();
}

module_init(fail_init);
module_exit(fail_exit);

MODULE_DESCRIPTION("Makes single allocations of sysgenid fail, for its tests");
MODULE_LICENSE("GPL");
