// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what no user can bring about in a reasonable time: numbers at the wrap, and
 * acknowledgements of the same word four billion events before.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "counter.h"
#include "watcher.h"

#define KUNIT_WRAP ((sysgenid_ticket)U32_MAX + 1)

static atomic_t kunit_announced;

static void kunit_announce(struct work_struct *work)
{
	atomic_inc(&kunit_announced);
}

static int kunit_init(struct kunit *test)
{
	struct sysgenid_counter *counter = kunit_kzalloc(test, sizeof(*counter), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, counter);
	KUNIT_ASSERT_EQ(test, sysgenid_counter_init(counter, GFP_KERNEL), 0);
	sysgenid_watchers_init(counter);
	INIT_DELAYED_WORK(&counter->announce, kunit_announce);
	atomic_set(&kunit_announced, 0);
	test->priv = counter;
	return 0;
}

static void kunit_exit(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;

	if (!counter)
		return;
	cancel_delayed_work_sync(&counter->announce);
	sysgenid_counter_destroy(counter);
}

static sysgenid_ticket kunit_draw(struct sysgenid_counter *counter, sysgenid_ticket after)
{
	sysgenid_ticket drawn;

	spin_lock_irq(&counter->lock);
	drawn = sysgenid_counter_draw(counter, after);
	spin_unlock_irq(&counter->lock);
	return drawn;
}

static sysgenid_ticket kunit_current(struct sysgenid_counter *counter)
{
	sysgenid_ticket now;

	spin_lock_irq(&counter->lock);
	now = sysgenid_counter_current(counter);
	spin_unlock_irq(&counter->lock);
	return now;
}

static sysgenid_ticket kunit_wished(struct sysgenid_counter *counter, u32 min)
{
	sysgenid_ticket wished;

	spin_lock_irq(&counter->lock);
	wished = sysgenid_counter_wished(counter, min);
	spin_unlock_irq(&counter->lock);
	return wished;
}

/* As an event does: draws a number and publishes it. */
static u32 kunit_move(struct sysgenid_counter *counter, sysgenid_ticket after)
{
	u32 word = (u32)kunit_draw(counter, after);

	WRITE_ONCE(counter->shared->generation, word);
	return word;
}

static void kunit_numbers_grow(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;

	KUNIT_EXPECT_EQ(test, kunit_draw(counter, 0), 1);
	KUNIT_EXPECT_EQ(test, kunit_draw(counter, 0), 2);
	KUNIT_EXPECT_EQ(test, kunit_draw(counter, 100), 100);
	KUNIT_EXPECT_EQ(test, kunit_draw(counter, 50), 101);
}

static void kunit_zero_is_skipped(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;

	KUNIT_EXPECT_EQ(test, kunit_draw(counter, U32_MAX), U32_MAX);
	KUNIT_EXPECT_EQ(test, kunit_draw(counter, 0), KUNIT_WRAP + 1);
	KUNIT_EXPECT_EQ(test, kunit_draw(counter, 2 * KUNIT_WRAP), 2 * KUNIT_WRAP + 1);
}

static void kunit_word_is_below_highest(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;

	kunit_move(counter, U32_MAX);
	KUNIT_EXPECT_EQ(test, kunit_current(counter), U32_MAX);
	/* Drawn, and not published: the word is still of the wrap before. */
	kunit_draw(counter, 0);
	KUNIT_EXPECT_EQ(test, kunit_current(counter), U32_MAX);
	WRITE_ONCE(counter->shared->generation, 1);
	KUNIT_EXPECT_EQ(test, kunit_current(counter), KUNIT_WRAP + 1);
}

static void kunit_wish_is_about_the_word(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;

	kunit_move(counter, 10);
	kunit_draw(counter, 1000);
	KUNIT_EXPECT_EQ(test, kunit_wished(counter, 500), 500);
	KUNIT_EXPECT_EQ(test, kunit_wished(counter, 10), 0);
	KUNIT_EXPECT_EQ(test, kunit_wished(counter, 0), 0);
	kunit_move(counter, KUNIT_WRAP + 5);
	KUNIT_EXPECT_EQ(test, kunit_wished(counter, 7), KUNIT_WRAP + 7);
	kunit_move(counter, KUNIT_WRAP + U32_MAX);
	KUNIT_EXPECT_EQ(test, kunit_wished(counter, U32_MAX), 0);
}

/* A mark is charged once, whatever number of times an image is restored. */
static void kunit_jump_is_charged_once(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;
	u32 min = SYSGENID_MAX_JUMP;
	u64 charged;
	int i;

	KUNIT_EXPECT_FALSE(test, sysgenid_counter_allow_jump(counter, SYSGENID_MAX_JUMP + 1));
	KUNIT_EXPECT_EQ(test, counter->jumped, 0);
	KUNIT_EXPECT_TRUE(test, sysgenid_counter_allow_jump(counter, min));
	charged = counter->jumped;
	KUNIT_EXPECT_EQ(test, charged, SYSGENID_MAX_JUMP - SYSGENID_FREE_JUMP);
	kunit_move(counter, min);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_TRUE(test, sysgenid_counter_allow_jump(counter, min));
	KUNIT_EXPECT_EQ(test, counter->jumped, charged);
}

static void kunit_jumps_end(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;
	int jumps = 0;

	while (sysgenid_counter_allow_jump(counter,
					   (u32)kunit_current(counter) + SYSGENID_MAX_JUMP)) {
		kunit_move(counter, kunit_current(counter) + SYSGENID_MAX_JUMP);
		if (++jumps > 1000)
			break;
	}
	KUNIT_EXPECT_EQ(test, jumps, SYSGENID_MAX_JUMPS / (SYSGENID_MAX_JUMP - SYSGENID_FREE_JUMP));
	/* Good images bring short distances: those never end in a refusal. */
	KUNIT_EXPECT_TRUE(test, sysgenid_counter_allow_jump(counter, (u32)kunit_current(counter) +
									     SYSGENID_FREE_JUMP));
}

static void kunit_acknowledges_what_it_saw(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;
	struct sysgenid_watcher watcher;
	u32 word;

	kunit_move(counter, 7);
	sysgenid_watcher_init(&watcher, counter);
	KUNIT_EXPECT_FALSE(test, sysgenid_watcher_outdated(&watcher, &word));
	KUNIT_EXPECT_EQ(test, word, 7);
	kunit_move(counter, 0);
	KUNIT_EXPECT_TRUE(test, sysgenid_watcher_outdated(&watcher, &word));
	KUNIT_EXPECT_EQ(test, word, 8);
	KUNIT_EXPECT_EQ(test, sysgenid_watcher_acknowledge(&watcher, 7), -EINVAL);
	KUNIT_EXPECT_EQ(test, sysgenid_watcher_acknowledge(&watcher, 9), -EINVAL);
	KUNIT_EXPECT_EQ(test, sysgenid_watcher_acknowledge(&watcher, 8), 0);
	KUNIT_EXPECT_FALSE(test, sysgenid_watcher_outdated(&watcher, &word));
}

static void kunit_same_word_after_a_wrap(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;
	struct sysgenid_watcher watcher;
	u32 word;

	kunit_move(counter, 7);
	sysgenid_watcher_init(&watcher, counter);
	kunit_move(counter, KUNIT_WRAP + 7);
	KUNIT_EXPECT_TRUE(test, sysgenid_watcher_outdated(&watcher, &word));
	KUNIT_EXPECT_EQ(test, word, 7);
}

static void kunit_counts(struct kunit *test, unsigned int watchers, unsigned int outdated)
{
	struct sysgenid_summary summary;

	sysgenid_counter_summary(test->priv, &summary);
	KUNIT_EXPECT_EQ(test, summary.watchers, watchers);
	KUNIT_EXPECT_EQ(test, summary.outdated, outdated);
}

static void kunit_watchers_are_counted(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;
	struct sysgenid_watcher first, second;

	sysgenid_watcher_init(&first, counter);
	sysgenid_watcher_init(&second, counter);
	kunit_counts(test, 0, 0);
	sysgenid_watcher_track(&first, true);
	sysgenid_watcher_track(&second, true);
	sysgenid_watcher_track(&second, true);
	kunit_counts(test, 2, 0);
	kunit_move(counter, 0);
	kunit_counts(test, 2, 2);
	KUNIT_EXPECT_EQ(test, sysgenid_watcher_acknowledge(&first, 1), 0);
	kunit_counts(test, 2, 1);
	sysgenid_watcher_force_outdated(&first);
	kunit_counts(test, 2, 2);
	KUNIT_EXPECT_EQ(test, sysgenid_watcher_acknowledge(&first, 1), 0);
	sysgenid_watcher_track(&second, false);
	kunit_counts(test, 1, 0);
	sysgenid_watcher_track(&first, false);
	kunit_counts(test, 0, 0);
}

static void kunit_last_one_is_announced(struct kunit *test)
{
	struct sysgenid_counter *counter = test->priv;
	struct sysgenid_watcher watcher;

	sysgenid_watcher_init(&watcher, counter);
	sysgenid_watcher_track(&watcher, true);
	kunit_move(counter, 0);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&counter->announce));
	KUNIT_EXPECT_EQ(test, sysgenid_watcher_acknowledge(&watcher, 1), 0);
	sysgenid_watchers_flush(counter);
	KUNIT_EXPECT_EQ(test, atomic_read(&kunit_announced), 1);
	sysgenid_watcher_track(&watcher, false);
	sysgenid_watchers_flush(counter);
	KUNIT_EXPECT_EQ(test, atomic_read(&kunit_announced), 1);
}

static struct kunit_case kunit_ticket_cases[] = { KUNIT_CASE(kunit_numbers_grow),
						  KUNIT_CASE(kunit_zero_is_skipped),
						  KUNIT_CASE(kunit_word_is_below_highest),
						  KUNIT_CASE(kunit_wish_is_about_the_word),
						  KUNIT_CASE(kunit_jump_is_charged_once),
						  KUNIT_CASE(kunit_jumps_end),
						  {} };

static struct kunit_case kunit_watcher_cases[] = { KUNIT_CASE(kunit_acknowledges_what_it_saw),
						   KUNIT_CASE(kunit_same_word_after_a_wrap),
						   KUNIT_CASE(kunit_watchers_are_counted),
						   KUNIT_CASE(kunit_last_one_is_announced),
						   {} };

static struct kunit_suite kunit_ticket_suite = {
	.name = "sysgenid-tickets",
	.init = kunit_init,
	.exit = kunit_exit,
	.test_cases = kunit_ticket_cases,
};

static struct kunit_suite kunit_watcher_suite = {
	.name = "sysgenid-watchers",
	.init = kunit_init,
	.exit = kunit_exit,
	.test_cases = kunit_watcher_cases,
};

kunit_test_suites(&kunit_ticket_suite, &kunit_watcher_suite);
