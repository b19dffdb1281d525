// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the queues of virtio-rng look full, by probes: requests cannot be added for a moment, as
 * when bounce buffers are full. Kernels that are shipped have no fault injection of their own.
 *
 * /sys/module/sysgenid_full/parameters/failures: write how many requests from now fail. What is
 * left of them is read. Then "added" counts those that were added to the leak queues.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/virtio.h>
#include <linux/virtio_ids.h>

static atomic_t failures;
static unsigned int added;

module_param(added, uint, 0400);

struct full_queue {
	struct virtqueue *vq; /* NULL: this request may be added */
	unsigned int num_free;
};

static int before_add(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	struct virtqueue *vq = (void *)regs_get_kernel_argument(registers, 0);
	struct full_queue *full = (void *)instance->data;

	full->vq = NULL;
	if (vq->vdev->id.device != VIRTIO_ID_RNG)
		return 0;
	if (atomic_dec_if_positive(&failures) < 0) {
		if (vq->index)
			WRITE_ONCE(added, added + 1);
		return 0;
	}
	full->vq = vq;
	full->num_free = vq->num_free;
	vq->num_free = 0;
	return 0;
}

static int after_add(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	struct full_queue *full = (void *)instance->data;

	if (full->vq)
		full->vq->num_free = full->num_free;
	return 0;
}

static int set_failures(const char *text, const struct kernel_param *kp)
{
	unsigned int count;
	int ret = kstrtouint(text, 0, &count);

	if (ret)
		return ret;
	WRITE_ONCE(added, 0);
	atomic_set(&failures, count);
	return 0;
}

static int get_failures(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%d\n", atomic_read(&failures));
}

static const struct kernel_param_ops failures_ops = { .set = set_failures, .get = get_failures };
module_param_cb(failures, &failures_ops, NULL, 0600);

#define PROBE(function)                                                                            \
	{                                                                                          \
		.kp.symbol_name = function, .entry_handler = before_add, .handler = after_add,     \
		.data_size = sizeof(struct full_queue), .maxactive = 64,                           \
	}

static struct kretprobe add_buffer = PROBE("virtqueue_add_inbuf");
static struct kretprobe add_list = PROBE("virtqueue_add_sgs");
static struct kretprobe *probes[] = { &add_buffer, &add_list };

static int __init full_init(void)
{
	return register_kretprobes(probes, ARRAY_SIZE(probes));
}

static void __exit full_exit(void)
{
	unregister_kretprobes(probes, ARRAY_SIZE(probes));
}

module_init(full_init);
module_exit(full_exit);

MODULE_DESCRIPTION("Makes virtio-rng's queues look full, for the tests of sysgenid");
MODULE_LICENSE("GPL");
