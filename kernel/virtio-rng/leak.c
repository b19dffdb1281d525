// SPDX-License-Identifier: GPL-2.0-only
/*
 * The leak queues. A request waits there until the machine's state has been copied, and is executed
 * before any vCPU runs again. Each queue is armed with two: "copy a number that nobody has seen
 * into the generation word", and "fill this buffer", for the kernel's random number generator.
 *
 * The device takes the queues in turns, queue 0 first. With a device that latches, both queues are
 * always armed. A plain device would execute what is put on the queue that it has just signalled,
 * at once and for ever: so only the other queue is armed, in answer to each report.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <xen/xen.h>

#include "domains.h"
#include "leak.h"
#include "others.h"
#include "sysgenid.h"

/* The interrupt ends, also if a device returns requests as fast as they are put there. */
#define LEAK_HARVEST_ROUNDS 64

/* A request that cannot be added, as while bounce buffers are full, is tried for ten seconds. */
#define LEAK_AGAIN (HZ / 10)
#define LEAK_TRIES 100

/* Without indirect descriptors a copy takes two, a fill one. */
#define LEAK_OWN_DESCRIPTORS 3
#define LEAK_OTHERS_DESCRIPTORS (2 * VIRTIO_RNG_LEAK_REQUESTS)

#define LEAK_COPY 1u
#define LEAK_FILL 2u
#define LEAK_OTHERS 4u
#define LEAK_DOMAINS 8u
#define LEAK_ALONE 16u

static struct virtio_device *leak_device_of(struct vrng_leak *leak)
{
	return leak->queues[0].vq->vdev;
}

static int leak_arm_fill(struct vrng_leak_queue *queue)
{
	struct scatterlist sg;

	sg_init_one(&sg, queue->buffers->fill, VRNG_FILL_SIZE);
	return virtqueue_add_inbuf(queue->vq, &sg, 1, queue->buffers->fill, GFP_ATOMIC);
}

/* Leaks go unnoticed from now on: those so far get an event, and sysfs says so. */
static void leak_has_broken(struct vrng_leak *leak, int error)
{
	lockdep_assert_held(&leak->lock);
	if (!leak->broken)
		dev_err(&leak_device_of(leak)->dev,
			"the leak queues are broken: error %d; leaks will be missed until the "
			"driver is unbound and bound\n",
			error);
	leak->broken = true;
	sysgenid_writer_report(true);
}

static int leak_add(struct vrng_leak *leak, struct vrng_leak_queue *queue)
{
	int ret = 0;

	if ((queue->missing & LEAK_COPY) && leak->direct)
		ret = vrng_domains_arm_copy(queue->vq, &queue->slot, leak->page);
	if (ret)
		return ret;
	queue->missing &= ~LEAK_COPY;
	if (queue->missing & LEAK_FILL)
		ret = leak_arm_fill(queue);
	if (!ret)
		queue->missing = 0;
	return ret;
}

/* A leak that comes while requests are missing may go unnoticed: an event makes up for it. */
static void leak_try_again(struct vrng_leak *leak, int error)
{
	if (leak->broken)
		return;
	if (leak->tries == LEAK_TRIES) {
		leak_has_broken(leak, error);
		return;
	}
	sysgenid_writer_report(true);
	/* Before the start, leak_add_missing() is called at the start. */
	if (!leak->stopped)
		schedule_delayed_work(&leak->again, LEAK_AGAIN);
}

/*
 * @which: LEAK_COPY, LEAK_FILL or both, besides those that are missing. The copy first: if the
 * machine's state is copied between the two, the word must move. The caller kicks.
 */
static void leak_arm(struct vrng_leak *leak, struct vrng_leak_queue *queue, unsigned int which)
{
	int ret;

	lockdep_assert_held(&leak->lock);
	queue->missing |= which & (LEAK_COPY | LEAK_FILL);
	ret = leak_add(leak, queue);
	if (!ret)
		return;
	if (virtqueue_is_broken(queue->vq))
		leak_has_broken(leak, ret);
	else
		leak_try_again(leak, ret);
}

/* The caller kicks. */
static void leak_add_missing(struct vrng_leak *leak)
{
	unsigned int i, before = 0, after = 0;

	lockdep_assert_held(&leak->lock);
	for (i = 0; i < VRNG_LEAK_QUEUES; i++) {
		before |= leak->queues[i].missing;
		if (leak->queues[i].missing)
			leak_arm(leak, &leak->queues[i], 0);
		after |= leak->queues[i].missing;
	}
	leak->tries = after ? leak->tries + 1 : 0;
	/* For a leak that came before this. */
	if (before)
		sysgenid_writer_report(true);
}

/* Takes back what was executed. Returns which requests came back, 0 for none. */
static unsigned int leak_take_back(struct vrng_leak *leak, struct vrng_leak_queue *queue)
{
	unsigned int len, came = 0;
	bool alone;
	void *token;

	while ((token = virtqueue_get_buf(queue->vq, &len))) {
		if (token == &queue->slot) {
			sysgenid_slot_executed(&queue->slot);
			came |= LEAK_COPY;
		} else if (token == queue->buffers->fill) {
			add_device_randomness(queue->buffers->fill, VRNG_FILL_SIZE);
			memzero_explicit(queue->buffers->fill, VRNG_FILL_SIZE);
			came |= LEAK_FILL;
		} else if (vrng_domains_executed(leak, queue, token, &alone)) {
			came |= alone ? LEAK_DOMAINS | LEAK_ALONE : LEAK_DOMAINS;
		} else {
			vrng_others_executed(queue, token);
			came |= LEAK_OTHERS;
		}
	}
	return came;
}

/*
 * @armed: bits of the queues that were armed since the lock was taken. If one comes back at once, a
 * leak may have found it between the copy and the fill, and a later one the fill alone: the word
 * has not moved for that leak, and an event must move it. Before the lock is dropped, copy and fill
 * are both queued again, so this case is over. Requests of other kernel code are added at any time
 * and may be alone in the queue for longer: an event always follows them. One event follows a
 * domain's request that came back alone: from then on that request is queued together with the
 * driver's own.
 */
static bool leak_harvest(struct vrng_leak *leak, unsigned int armed)
{
	unsigned int round, back, to, came;

	lockdep_assert_held(&leak->lock);
	if (leak->stopped)
		return false;
	for (round = 0; round < LEAK_HARVEST_ROUNDS; round++) {
		/* Longest out first, so that the active queue is armed first. */
		back = leak->next;
		came = leak_take_back(leak, &leak->queues[back]);
		if (!came) {
			back = 1 - back;
			came = leak_take_back(leak, &leak->queues[back]);
			if (!came)
				break;
		}
		if ((armed & BIT(back)) || (came & (LEAK_OTHERS | LEAK_ALONE)) ||
		    leak->queues[back].missing)
			sysgenid_writer_report(true);
		vrng_domains_find_missed(leak, &leak->queues[back]);
		leak->next = 1 - back;
		leak->reports++;
		to = leak->latches ? back : 1 - back;
		came |= leak->queues[back].missing;
		leak->queues[back].missing = 0;
		leak_arm(leak, &leak->queues[to], came);
		vrng_domains_arm(leak, &leak->queues[to], false);
		vrng_others_arm(leak);
		vrng_others_kick(leak);
		armed |= BIT(to);
	}
	for (back = 0; back < VRNG_LEAK_QUEUES; back++) {
		/* By what the device has put into the ring. */
		if (!leak->broken && virtqueue_is_broken(leak->queues[back].vq))
			leak_has_broken(leak, -EIO);
	}
	if (round == LEAK_HARVEST_ROUNDS)
		schedule_work(&leak->more);
	return round > 0;
}

/* The virtqueues' callback, and the rest of a harvest that was too long. */
void vrng_leak_done(struct vrng_leak *leak)
{
	unsigned long flags;
	bool any;

	spin_lock_irqsave(&leak->lock, flags);
	any = leak_harvest(leak, 0);
	spin_unlock_irqrestore(&leak->lock, flags);
	/* The stores of a plain device do not cover every leak; without DMA it stores nothing. */
	if (any)
		sysgenid_writer_report(!leak->latches || !leak->direct);
}

/* The device has given up: a leak may have happened that it could not report. Any context. */
void vrng_leak_lost(struct vrng_leak *leak)
{
	unsigned long flags;

	spin_lock_irqsave(&leak->lock, flags);
	if (leak->present && !leak->stopped)
		leak_has_broken(leak, -EIO);
	spin_unlock_irqrestore(&leak->lock, flags);
}

static void leak_harvest_more(struct work_struct *work)
{
	vrng_leak_done(container_of(work, struct vrng_leak, more));
}

static void leak_add_again(struct work_struct *work)
{
	struct vrng_leak *leak = container_of(to_delayed_work(work), struct vrng_leak, again);

	spin_lock_irq(&leak->lock);
	if (!leak->stopped && !leak->broken) {
		leak_add_missing(leak);
		vrng_others_arm(leak);
		vrng_others_kick(leak);
		if (leak_harvest(leak, BIT(0) | BIT(1)))
			sysgenid_writer_report(true);
	}
	spin_unlock_irq(&leak->lock);
}

static void leak_harvest_now(struct sysgenid_writer *writer)
{
	vrng_leak_done(container_of(writer, struct vrng_leak, writer));
}

/* The device answers between two requests and not within one. */
static void leak_fence(struct sysgenid_writer *writer)
{
	struct virtio_device *vdev = leak_device_of(container_of(writer, struct vrng_leak, writer));

	vdev->config->get_status(vdev);
}

/*
 * CPUs store the generation word while both leak queues have it as destination. The DMA API allows
 * neither; where it is not in use, the device sees physical memory.
 */
static bool leak_uses_dma_api(struct virtio_device *vdev)
{
	return !virtio_has_dma_quirk(vdev) || xen_domain();
}

const char *vrng_leak_describe(const struct vrng_leak *leak)
{
	if (!leak->present)
		return "none";
	if (READ_ONCE(leak->broken))
		return "broken";
	if (!leak->direct)
		return "interrupt";
	return leak->latches ? "latch" : "plain";
}

/* Life: init, (prepare, DRIVER_OK, start, quiesce, the device is reset, stop)..., free */

int vrng_leak_init(struct vrng_leak *leak)
{
	struct vrng_leak_queue *queue;

	leak->page = sysgenid_get_page();
	leak->stopped = true;
	leak->writer.fence = leak_fence;
	leak->writer.harvest = leak_harvest_now;
	leak->writer.cover = vrng_domains_cover;
	leak->writer.drop = vrng_domains_drop;
	spin_lock_init(&leak->lock);
	INIT_WORK(&leak->more, leak_harvest_more);
	INIT_DELAYED_WORK(&leak->again, leak_add_again);
	for (queue = leak->queues; queue < leak->queues + VRNG_LEAK_QUEUES; queue++) {
		queue->buffers = kzalloc(sizeof(*queue->buffers), GFP_KERNEL);
		if (!queue->buffers) {
			vrng_leak_free(leak);
			return -ENOMEM;
		}
		sysgenid_slot_init(&queue->slot, NULL, &queue->buffers->source.word);
	}
	return 0;
}

void vrng_leak_free(struct vrng_leak *leak)
{
	unsigned int i;

	put_page(leak->page);
	for (i = 0; i < VRNG_LEAK_QUEUES; i++)
		kfree_sensitive(leak->queues[i].buffers);
}

/*
 * Before DRIVER_OK, if there are leak queues: they are filled, so that the device's first leak
 * finds the requests. It may be told of them only afterwards (virtio 1.2, 3.1.1).
 */
void vrng_leak_prepare(struct vrng_leak *leak, struct virtio_device *vdev, struct virtqueue *vqs[])
{
	unsigned int room = UINT_MAX, i;

	for (i = 0; i < VRNG_LEAK_QUEUES; i++) {
		leak->queues[i].vq = vqs[i];
		room = min(room, virtqueue_get_vring_size(vqs[i]));
	}
	if (room < LEAK_OWN_DESCRIPTORS) {
		dev_err(&vdev->dev,
			"the leak queues are too small, they need %u descriptors: leaks are not "
			"noticed\n",
			LEAK_OWN_DESCRIPTORS);
		return;
	}
	leak->present = true;
	room -= LEAK_OWN_DESCRIPTORS;
	leak->serves_others = room >= LEAK_OTHERS_DESCRIPTORS;
	if (leak->serves_others)
		room -= LEAK_OTHERS_DESCRIPTORS;
	leak->latches = virtio_has_feature(vdev, VIRTIO_RNG_F_LEAK_LATCH);
	leak->direct = !leak_uses_dma_api(vdev);
	vrng_domains_prepare(leak, vdev, room);
	leak->broken = false;
	leak->next = 0;
	leak->tries = 0;
	leak->queues[0].missing = 0;
	leak->queues[1].missing = 0;
	if (!leak->direct)
		dev_warn(&vdev->dev, "the device uses the DMA API and cannot store the generation "
				     "itself: it moves when the interrupt is handled\n");

	sysgenid_writer_attach(&leak->writer);
	spin_lock_irq(&leak->lock);
	leak_arm(leak, &leak->queues[0], LEAK_COPY | LEAK_FILL);
	if (leak->latches)
		leak_arm(leak, &leak->queues[1], LEAK_COPY | LEAK_FILL);
	spin_unlock_irq(&leak->lock);
}

/* The device is ready. */
void vrng_leak_start(struct vrng_leak *leak)
{
	if (!leak->present)
		return;
	vrng_others_start(leak);
	spin_lock_irq(&leak->lock);
	leak->stopped = false;
	leak_add_missing(leak);
	vrng_others_arm(leak);
	vrng_others_kick(leak);
	leak_harvest(leak, BIT(0) | BIT(1));
	spin_unlock_irq(&leak->lock);
	sysgenid_writer_cover_all(&leak->writer);
	/* A leak before this was not noticed. */
	sysgenid_bump_generation(SYSGENID_CAUSE_KERNEL);
}

/* Before the device is reset: nobody uses the queues from now on. */
void vrng_leak_quiesce(struct vrng_leak *leak)
{
	spin_lock_irq(&leak->lock);
	leak->stopped = true;
	spin_unlock_irq(&leak->lock);
	cancel_work_sync(&leak->more);
	cancel_delayed_work_sync(&leak->again);
}

/* After the reset, with the queues still there. */
void vrng_leak_stop(struct vrng_leak *leak)
{
	if (!leak->present)
		return;
	vrng_others_stop(leak);
	sysgenid_writer_detach(&leak->writer);
	leak->present = false;
}
