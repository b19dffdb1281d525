// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other kernel code that has leak requests of its own, a fill and a copy. In
 * /sys/module/sysgenid_leak_test/parameters:
 *
 *	filled, copied	the requests' destinations, as hexadecimal digits
 *	fills, copies	how often they were reported as executed
 *	address		physical address of the fill's destination
 *	source		write a word: it replaces the first of the copy's source, while that is
 *			armed
 *	again		write anything: remove both and add them anew
 *	room		how many more can be added, and the errors of one more, of no bytes and of
 *			too many
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#include "virtio_rng_leak.h"

#define LENGTH 16

static struct virtio_rng_leak_request *fill, *copy;
static unsigned int fills, copies;

module_param(fills, uint, 0400);
module_param(copies, uint, 0400);

static void executed(struct virtio_rng_leak_request *request)
{
	unsigned int *count = request->data;

	WRITE_ONCE(*count, *count + 1);
}

static void remove_both(void)
{
	virtio_rng_leak_remove(copy);
	virtio_rng_leak_remove(fill);
}

static int add_both(void)
{
	fill = virtio_rng_leak_add_fill(LENGTH, executed, &fills);
	if (IS_ERR(fill))
		return PTR_ERR(fill);
	copy = virtio_rng_leak_add_copy("prepared before.", LENGTH, executed, &copies);
	if (!IS_ERR(copy))
		return 0;
	virtio_rng_leak_remove(fill);
	return PTR_ERR(copy);
}

static int show(char *text, const struct kernel_param *kp)
{
	struct virtio_rng_leak_request **request = kp->arg;

	return sysfs_emit(text, "%*phN\n", LENGTH, (*request)->destination);
}

static const struct kernel_param_ops show_ops = { .get = show };
module_param_cb(filled, &show_ops, &fill, 0400);
module_param_cb(copied, &show_ops, &copy, 0400);

static int get_address(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%llu\n", (unsigned long long)virt_to_phys(fill->destination));
}

static const struct kernel_param_ops address_ops = { .get = get_address };
module_param_cb(address, &address_ops, NULL, 0400);

static int set_source(const char *text, const struct kernel_param *kp)
{
	u32 word;
	int ret = kstrtouint(text, 0, &word);

	if (!ret)
		WRITE_ONCE(*(u32 *)copy->source, word);
	return ret;
}

static const struct kernel_param_ops source_ops = { .set = set_source };
module_param_cb(source, &source_ops, NULL, 0200);

static int again(const char *text, const struct kernel_param *kp)
{
	remove_both();
	return add_both();
}

static const struct kernel_param_ops again_ops = { .set = again };
module_param_cb(again, &again_ops, NULL, 0200);

static long error_of(size_t length)
{
	struct virtio_rng_leak_request *request = virtio_rng_leak_add_fill(length, NULL, NULL);

	if (IS_ERR(request))
		return PTR_ERR(request);
	virtio_rng_leak_remove(request);
	return 0;
}

static int get_room(char *text, const struct kernel_param *kp)
{
	static struct virtio_rng_leak_request *more[VIRTIO_RNG_LEAK_REQUESTS + 1];
	unsigned int count = 0, i;
	long full, none, much;

	none = error_of(0);
	much = error_of(VIRTIO_RNG_LEAK_BYTES + 1);
	while (count < ARRAY_SIZE(more)) {
		more[count] = virtio_rng_leak_add_fill(VIRTIO_RNG_LEAK_BYTES, NULL, NULL);
		if (IS_ERR(more[count]))
			break;
		count++;
	}
	full = error_of(LENGTH);
	for (i = 0; i < count; i++)
		virtio_rng_leak_remove(more[i]);
	return sysfs_emit(text, "%u %ld %ld %ld\n", count, full, none, much);
}

static const struct kernel_param_ops room_ops = { .get = get_room };
module_param_cb(room, &room_ops, NULL, 0400);

static int __init leak_test_init(void)
{
	return add_both();
}

static void __exit leak_test_exit(void)
{
	remove_both();
}

module_init(leak_test_init);
module_exit(leak_test_exit);

MODULE_DESCRIPTION("Has leak requests of its own, for tests of the virtio-rng driver of sysgenid");
MODULE_LICENSE("GPL");
