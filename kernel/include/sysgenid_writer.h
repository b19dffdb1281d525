/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers of devices that store the generation word by themselves, such as virtio-rng's leak
 * queues.
 *
 * A driver *arms* requests "copy this source word into the generation word". The source holds a
 * number that nobody else will ever publish; after a request was executed it is armed anew with a
 * fresh one. While it is armed, events of CPUs rewrite the source in place. See docs/protocol.md.
 *
 * Order of calls: attach, then arm; when the device has been reset and can store nothing any more,
 * detach. A driver's own lock is taken outside the counter's: call these functions under it, not
 * the other way round.
 */
#ifndef _SYSGENID_WRITER_H
#define _SYSGENID_WRITER_H

#include <linux/list.h>
#include <linux/types.h>

struct page;
struct sysgenid_counter;

/* All functions are set before attach. */
struct sysgenid_writer {
	unsigned int room; /* domains that cover() has room for; constant while attached */
	/*
	 * Returns when copies that the device had begun have landed. Process context, no locks of
	 * the driver's held.
	 */
	void (*fence)(struct sysgenid_writer *writer);
	/* Takes back executed requests and reports, as the interrupt does. Process context. */
	void (*harvest)(struct sysgenid_writer *writer);
	/*
	 * From now on arm slots for the word of @counter, too: in @page, at the offset of the
	 * generation. Until drop() the counter and the page stay. Called with a spinlock held that
	 * all containers share. Returns false without room, and if it does so already.
	 */
	bool (*cover)(struct sysgenid_writer *writer, struct sysgenid_counter *counter,
		      struct page *page);
	/* From detach: drop all slots, and call sysgenid_uncovered() for each counter covered. */
	void (*drop)(struct sysgenid_writer *writer);

	struct list_head node; /* guarded by the core's lock */
};

/* One request that copies a source word into the generation word. */
struct sysgenid_slot {
	struct sysgenid_counter *counter; /* NULL: the system's; constant while armed */
	u32 *source;	       /* aligned; not freed before detach; constant while armed */
	u64 ticket;	       /* what was last written there; guarded by the counter's lock */
	struct list_head node; /* counter->slots while armed; guarded by the counter's lock */
};

/**
 * sysgenid_writer_attach - begin to use a writer, for the system's word
 * @writer: complete
 */
void sysgenid_writer_attach(struct sysgenid_writer *writer);

/**
 * sysgenid_writer_detach - end the use of a writer
 * @writer: its device was reset and stores nothing any more; not called any more after this
 *
 * Moves the generation: the device may have done so without being able to report it. Sleeps.
 */
void sysgenid_writer_detach(struct sysgenid_writer *writer);

/**
 * sysgenid_writer_cover_all - call the writer's cover() for the domains that there are
 * @writer: attached, and its device is ready
 */
void sysgenid_writer_cover_all(struct sysgenid_writer *writer);

/**
 * sysgenid_uncovered - a writer has nothing of a counter any more that it covered
 * @counter: as cover() got it
 *
 * Context: Any.
 */
void sysgenid_uncovered(struct sysgenid_counter *counter);

static inline void sysgenid_slot_init(struct sysgenid_slot *slot, struct sysgenid_counter *counter,
				      u32 *source)
{
	slot->counter = counter;
	slot->source = source;
	INIT_LIST_HEAD(&slot->node);
}

/**
 * sysgenid_slot_arm - write a fresh number into a slot's source, for a request that copies it
 * @slot: not armed
 *
 * Give the request to the device afterwards; the queue's barriers order the source before it.
 *
 * Context: Any.
 */
void sysgenid_slot_arm(struct sysgenid_slot *slot);

/**
 * sysgenid_slot_executed - a device has executed the request of a slot
 * @slot: it is not armed any more
 *
 * Context: Any.
 */
void sysgenid_slot_executed(struct sysgenid_slot *slot);

/**
 * sysgenid_slot_drop - the device never executes the request of a slot
 * @slot: it is not armed any more, if it was
 *
 * Context: Any.
 */
void sysgenid_slot_drop(struct sysgenid_slot *slot);

/**
 * sysgenid_slot_missed - a leak has not executed the request of a slot
 * @slot: its counter gets an event after the report
 *
 * Context: Any.
 */
void sysgenid_slot_missed(struct sysgenid_slot *slot);

/**
 * sysgenid_writer_report - a harvest has found something: do what else belongs to an event
 * @needs_event: the device's own store may not have covered all leaks: a CPU makes an event
 *
 * Context: Any.
 */
void sysgenid_writer_report(bool needs_event);

#endif /* _SYSGENID_WRITER_H */
