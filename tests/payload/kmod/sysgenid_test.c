// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other kernel code that uses sysgenid's API, steered by its parameters in
 * /sys/module/sysgenid_test/parameters:
 *
 *	bump		write a cause (number): move the generation; read: what the call returned
 *	word		the word in the page; write: store it as a device does, and tell nobody
 *	report		write anything: report it, as a device's driver does
 *	page		"MAGIC VERSION RNG_GENERATION" as seen through sysgenid_get_page()
 *	calls		"NOTIFIER:CAUSE:GENERATION:WORD" of each call of a notifier; write: forget
 *			them
 *	events		number of events since the module was loaded
 *	not_next	how many of them were not for the generation after the one of the event
 *			before
 *	overlapping	how many began before the one before had ended
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "sysgenid.h"
#include "sysgenid_writer.h"

#define MAX_CALLS 64

struct call {
	const char *notifier;
	unsigned long cause;
	u32 generation;
	u32 word;
};

static DEFINE_MUTEX(lock); /* guards calls and returned; also shows that a notifier may sleep */
static struct call calls[MAX_CALLS];
static unsigned int call_count;
static u32 returned;

/* Written by notifiers only, of which one runs at a time: that is what "overlapping" checks. */
static unsigned int events, not_next, overlapping;
static u32 last_generation;
static atomic_t running;

static void record(const char *notifier, unsigned long cause, u32 generation)
{
	mutex_lock(&lock);
	if (call_count < MAX_CALLS)
		calls[call_count++] =
			(struct call){ notifier, cause, generation, sysgenid_generation() };
	mutex_unlock(&lock);
}

static int first(struct notifier_block *nb, unsigned long cause, void *data)
{
	if (atomic_inc_return(&running) != 1)
		overlapping++;
	record("first", cause, *(u32 *)data);
	return NOTIFY_OK;
}

static int second(struct notifier_block *nb, unsigned long cause, void *data)
{
	u32 generation = *(u32 *)data;

	record("second", cause, generation);
	events++;
	if (generation != last_generation + 1)
		not_next++;
	last_generation = generation;
	return NOTIFY_OK;
}

static int third(struct notifier_block *nb, unsigned long cause, void *data)
{
	record("third", cause, *(u32 *)data);
	atomic_dec(&running);
	return NOTIFY_OK;
}

/* Registered in an order that is not that of their priorities. */
static struct notifier_block notifiers[] = {
	{ .notifier_call = second, .priority = 0 },
	{ .notifier_call = third, .priority = -10 },
	{ .notifier_call = first, .priority = 10 },
};

static int set_bump(const char *text, const struct kernel_param *kp)
{
	unsigned int cause;
	u32 generation;
	int ret = kstrtouint(text, 0, &cause);

	if (ret)
		return ret;
	generation = sysgenid_bump_generation(cause);
	mutex_lock(&lock);
	returned = generation;
	mutex_unlock(&lock);
	return 0;
}

static int get_bump(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%u\n", READ_ONCE(returned));
}

static const struct kernel_param_ops bump_ops = { .set = set_bump, .get = get_bump };
module_param_cb(bump, &bump_ops, NULL, 0600);

static int set_word(const char *text, const struct kernel_param *kp)
{
	struct page *page;
	u32 word;
	int ret = kstrtouint(text, 0, &word);

	if (ret)
		return ret;
	page = sysgenid_get_page();
	WRITE_ONCE(((struct sysgenid_page *)page_address(page))->generation, word);
	put_page(page);
	return 0;
}

static int get_word(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%u\n", sysgenid_generation());
}

static const struct kernel_param_ops word_ops = { .set = set_word, .get = get_word };
module_param_cb(word, &word_ops, NULL, 0600);

static void fence(struct sysgenid_writer *self)
{
}

static void harvest(struct sysgenid_writer *self)
{
}

static bool cover(struct sysgenid_writer *self, struct sysgenid_counter *counter, struct page *page)
{
	return false;
}

static void drop(struct sysgenid_writer *self)
{
}

static struct sysgenid_writer writer = {
	.fence = fence,
	.harvest = harvest,
	.cover = cover,
	.drop = drop,
};

static int report(const char *text, const struct kernel_param *kp)
{
	sysgenid_writer_report(false);
	return 0;
}

static const struct kernel_param_ops report_ops = { .set = report };
module_param_cb(report, &report_ops, NULL, 0200);

static int get_page_fields(char *text, const struct kernel_param *kp)
{
	struct page *page = sysgenid_get_page();
	const struct sysgenid_page *shared = page_address(page);
	int size = sysfs_emit(text, "0x%x %u %u\n", shared->magic, shared->version,
			      READ_ONCE(shared->rng_generation));

	put_page(page);
	return size;
}

static const struct kernel_param_ops page_ops = { .get = get_page_fields };
module_param_cb(page, &page_ops, NULL, 0400);

static int forget_calls(const char *text, const struct kernel_param *kp)
{
	mutex_lock(&lock);
	call_count = 0;
	mutex_unlock(&lock);
	return 0;
}

static int get_calls(char *text, const struct kernel_param *kp)
{
	int size = 0;

	mutex_lock(&lock);
	for (unsigned int i = 0; i < call_count; i++)
		size += sysfs_emit_at(text, size, "%s:%lu:%u:%u\n", calls[i].notifier,
				      calls[i].cause, calls[i].generation, calls[i].word);
	mutex_unlock(&lock);
	return size;
}

static const struct kernel_param_ops calls_ops = { .set = forget_calls, .get = get_calls };
module_param_cb(calls, &calls_ops, NULL, 0600);

module_param(events, uint, 0400);
module_param(not_next, uint, 0400);
module_param(overlapping, uint, 0400);

static int __init test_init(void)
{
	size_t i;
	int ret;

	last_generation = sysgenid_generation();
	for (i = 0; i < ARRAY_SIZE(notifiers); i++) {
		ret = sysgenid_register_notifier(&notifiers[i]);
		if (ret)
			goto err;
	}
	sysgenid_writer_attach(&writer);
	return 0;
err:
	while (i--)
		sysgenid_unregister_notifier(&notifiers[i]);
	return ret;
}

static void __exit test_exit(void)
{
	sysgenid_writer_detach(&writer);
	for (size_t i = 0; i < ARRAY_SIZE(notifiers); i++)
		sysgenid_unregister_notifier(&notifiers[i]);
}

module_init(test_init);
module_exit(test_exit);

MODULE_DESCRIPTION("Uses the in-kernel API of sysgenid, for tests of it");
MODULE_LICENSE("GPL");
